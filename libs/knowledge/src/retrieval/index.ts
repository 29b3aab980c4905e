export { RetrievalModule } from './retrieval.module.js';
export {
  RERANKER,
  type Reranked,
  type Reranker,
  type Reranking,
  type RerankRequest,
} from './rerank/reranker.port.js';
export { type Candidate, CandidateRepository, type SearchedBase } from './candidates/candidate.repository.js';
export { lexicalPlan, vectorPlan } from './candidates/plan.js';
export { hnswSettings, lexicalSettings } from './candidates/settings.js';
export { TokenScorer } from './rerank/late-interaction/token-scorer.js';
export { lexicalQuery, type SearchScope, statesQuery, vectorQuery } from './candidates/queries.js';
