import { Module } from '@nestjs/common';
import { ServiceRegistry } from '@midplane/kernel';
import { CandidateRepository } from './candidates/candidate.repository.js';
import { LateInteractionReranker } from './rerank/late-interaction/late-interaction.reranker.js';
import { TokenAligner } from './rerank/late-interaction/token-aligner.js';
import { RERANKER } from './rerank/reranker.port.js';
import { SearchService } from './search.service.js';

/** Serves the retrieval contract in this process. */
@Module({
  providers: [
    CandidateRepository,
    TokenAligner,
    SearchService,
    { provide: RERANKER, useClass: LateInteractionReranker },
  ],
  exports: [SearchService],
})
export class RetrievalModule {
  constructor(registry: ServiceRegistry, service: SearchService) {
    registry.serve('retrieval', { search: (input) => service.search(input) });
  }
}
