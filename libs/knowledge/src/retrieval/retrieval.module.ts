import { Module } from '@nestjs/common';
import { ServiceRegistry } from '@midplane/kernel';
import { CandidateRepository } from './candidates/candidate.repository.js';
import { RERANKER } from './rerank/reranker.port.js';
import { SearchService } from './search.service.js';

/** Serves the retrieval contract in this process. */
@Module({
  providers: [CandidateRepository, SearchService, { provide: RERANKER, useValue: null }],
  exports: [SearchService],
})
export class RetrievalModule {
  constructor(registry: ServiceRegistry, service: SearchService) {
    registry.serve('retrieval', { search: (input) => service.search(input) });
  }
}
