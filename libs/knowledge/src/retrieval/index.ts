export { RetrievalModule } from './retrieval.module.js';
export { RERANKER, type RerankCandidate, type Reranker, type RerankRequest } from './rerank/reranker.port.js';
