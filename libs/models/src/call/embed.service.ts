import { estimateTokens, type ServiceClient, ServiceRegistry } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { InferenceCalls } from './inference-calls.js';

interface EmbedInput {
  model?: string | undefined;
  texts: string[];
  role: 'query' | 'passage';
}

interface Embedded {
  model: string;
  version: string;
  vectors: string[];
  promptTokens: number;
  upstreamMs: number;
}

/** Has the inference service embed texts for applications. */
@Injectable()
export class EmbedService {
  private readonly inference: ServiceClient<'inference'>;

  constructor(
    services: ServiceRegistry,
    private readonly calls: InferenceCalls,
  ) {
    this.inference = services.client('inference');
  }

  /** @throws UserError MODEL_NOT_FOUND, MODEL_UNAVAILABLE, MODEL_RATE_LIMITED, MODEL_BUDGET_SPENT, FORBIDDEN */
  embed({ model, texts, role }: EmbedInput): Promise<Embedded> {
    const tokens = texts.reduce((sum, text) => sum + estimateTokens(text), 0);
    return this.calls.run({ kind: 'EMBEDDING', askedFor: model, tokens }, async (clock) => {
      const [{ model: used, vectors }, { counts }] = await clock.during(
        Promise.all([
          this.inference.embed({ model, role, urgency: 'interactive', texts }),
          this.inference.countTokens({ model, texts }),
        ]),
      );
      const promptTokens = counts.reduce((sum, count) => sum + count, 0);
      const { name, revision } = used;
      return {
        used: { model: name, revision, promptTokens, completionTokens: 0, usageEstimated: false },
        found: { model: name, version: revision, vectors, promptTokens },
      };
    });
  }
}
