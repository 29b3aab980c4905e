export { RetrievalModule } from './retrieval.module.js';
export {
  RERANKER,
  type Reranked,
  type Reranker,
  type Reranking,
  type RerankRequest,
} from './rerank/reranker.port.js';
export { HNSW_SETTINGS } from './candidates/candidate.repository.js';
export { TokenScorer } from './rerank/late-interaction/token-scorer.js';
export {
  lexicalQuery,
  type Query,
  type SearchScope,
  statesQuery,
  vectorQuery,
} from './candidates/queries.js';
