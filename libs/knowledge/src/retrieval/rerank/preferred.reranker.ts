import { LOGGER, type Logger, UserError } from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { ConfiguredModel } from './configured/configured-model.js';
import { InferenceReranker } from './configured/inference.reranker.js';
import { LateInteractionReranker } from './late-interaction/late-interaction.reranker.js';
import type { Reranker, Reranking, RerankRequest } from './reranker.port.js';

/** The configured model where there is one; late interaction where there is none, and while it can't answer. */
@Injectable()
export class PreferredReranker implements Reranker {
  constructor(
    private readonly model: ConfiguredModel,
    private readonly configured: InferenceReranker,
    private readonly lateInteraction: LateInteractionReranker,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  get name(): string {
    return this.preferred(this.model.known).name;
  }

  get limit(): number {
    return this.preferred(this.model.known).limit;
  }

  async rerank(request: RerankRequest): Promise<Reranking | null> {
    const reranker = this.preferred(await this.model.find());
    if (reranker === this.lateInteraction) return reranker.rerank(request);
    try {
      return await reranker.rerank(request);
    } catch (error) {
      if (!(error instanceof UserError) || request.signal.aborted) throw error;
      this.logger.warn({ reranker: reranker.name, problem: error.problem }, 'reranked by late interaction');
      return this.lateInteraction.rerank(request);
    }
  }

  private preferred(model: string | null): Reranker {
    return model === null ? this.lateInteraction : this.configured;
  }
}
