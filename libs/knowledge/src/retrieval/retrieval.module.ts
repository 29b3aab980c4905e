import { Module } from '@nestjs/common';
import { ServiceRegistry } from '@midplane/kernel';
import { CandidateRepository } from './candidates/candidate.repository.js';
import { ConfiguredModel } from './rerank/configured/configured-model.js';
import { InferenceReranker } from './rerank/configured/inference.reranker.js';
import { LateInteractionReranker } from './rerank/late-interaction/late-interaction.reranker.js';
import { TextReranker } from './rerank/late-interaction/text.reranker.js';
import { TokenAligner } from './rerank/late-interaction/token-aligner.js';
import { TokenScorer } from './rerank/late-interaction/token-scorer.js';
import { PreferredReranker } from './rerank/preferred.reranker.js';
import { RERANKER } from './rerank/reranker.port.js';
import { SearchService } from './search.service.js';
import { TuningService } from './tuning/tuning.service.js';

/** Serves the retrieval contract in this process. */
@Module({
  providers: [
    CandidateRepository,
    TokenAligner,
    TokenScorer,
    SearchService,
    TuningService,
    ConfiguredModel,
    InferenceReranker,
    LateInteractionReranker,
    TextReranker,
    { provide: RERANKER, useClass: PreferredReranker },
  ],
  exports: [SearchService],
})
export class RetrievalModule {
  constructor(registry: ServiceRegistry, search: SearchService, tuning: TuningService, texts: TextReranker) {
    registry.serve('retrieval', {
      search: (input) => search.search(input),
      tune: (input) => tuning.tune(input),
      rerank: ({ query, texts: given }) => texts.rerank(query, given),
    });
  }
}
