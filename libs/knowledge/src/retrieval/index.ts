export { RetrievalModule } from './retrieval.module.js';
export { RERANKER, type Reranked, type Reranker, type RerankRequest } from './rerank/reranker.port.js';
export { HNSW_SETTINGS } from './candidates/candidate.repository.js';
export { lexicalQuery, type Query, type SearchScope, vectorQuery } from './candidates/queries.js';
