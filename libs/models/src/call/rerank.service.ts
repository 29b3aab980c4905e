import { LATE_INTERACTION_MODEL } from '@midplane/contracts';
import { estimateTokens, type ServiceClient, ServiceRegistry } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { InferenceCalls } from './inference-calls.js';

interface RerankInput {
  model?: string | undefined;
  query: string;
  texts: string[];
}

interface Reranked {
  model: string;
  version: string;
  scores: number[];
  promptTokens: number;
  upstreamMs: number;
}

/**
 * Has texts scored for applications: by the model that is named, else the one that inference is configured with, else
 * by late interaction, which retrieval does and needs no further model.
 */
@Injectable()
export class RerankService {
  private readonly inference: ServiceClient<'inference'>;
  private readonly retrieval: ServiceClient<'retrieval'>;

  constructor(
    services: ServiceRegistry,
    private readonly calls: InferenceCalls,
  ) {
    this.inference = services.client('inference');
    this.retrieval = services.client('retrieval');
  }

  /** @throws UserError MODEL_NOT_FOUND, MODEL_UNAVAILABLE, MODEL_RATE_LIMITED, MODEL_BUDGET_SPENT, FORBIDDEN */
  rerank(input: RerankInput): Promise<Reranked> {
    const { query, texts } = input;
    // The question is read again with each text.
    const each = estimateTokens(query);
    const promptTokens = texts.reduce((sum, text) => sum + each + estimateTokens(text), 0);
    const call = { kind: 'RERANK', askedFor: input.model, tokens: promptTokens } as const;
    return this.calls.run(call, async (clock) => {
      const { name, revision, scores } = await clock.during(this.score(input));
      return {
        used: { model: name, revision, promptTokens, completionTokens: 0, usageEstimated: true },
        found: { model: name, version: revision, scores, promptTokens },
      };
    });
  }

  private async score({ model, query, texts }: RerankInput) {
    const wanted = model ?? (await this.inference.rerankModels()).configured?.name ?? LATE_INTERACTION_MODEL;
    if (wanted === LATE_INTERACTION_MODEL) {
      const { revision, scores } = await this.retrieval.rerank({ query, texts });
      return { name: LATE_INTERACTION_MODEL, revision, scores };
    }
    const reranked = await this.inference.rerank({ model: wanted, query, texts, urgency: 'interactive' });
    return { ...reranked.model, scores: reranked.scores };
  }
}
