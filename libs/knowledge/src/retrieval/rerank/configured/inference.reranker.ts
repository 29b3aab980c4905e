import { type ServiceClient, ServiceRegistry, UserError } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { passageText } from '../../../passage-text.js';
import { CandidateRepository } from '../../candidates/candidate.repository.js';
import type { Reranker, Reranking, RerankRequest } from '../reranker.port.js';
import { ConfiguredModel } from './configured-model.js';

/** Codes that say that inference is configured with another reranker than before, or with none. */
const OUTDATED: readonly string[] = ['RERANKER_NOT_CONFIGURED', 'MODEL_NOT_FOUND'];

/** Reranks by the model that inference is configured with: a cross-encoder, or an endpoint. */
@Injectable()
export class InferenceReranker implements Reranker {
  readonly limit = 50;
  private readonly inference: ServiceClient<'inference'>;

  constructor(
    private readonly model: ConfiguredModel,
    private readonly candidates: CandidateRepository,
    registry: ServiceRegistry,
  ) {
    this.inference = registry.client('inference');
  }

  get name(): string {
    return this.model.known ?? 'inference';
  }

  /** Passages are scored with the headings that they are found by. @throws UserError as the inference contract says */
  async rerank({ query, scope, candidates }: RerankRequest): Promise<Reranking> {
    const ids = candidates.map(({ chunkId }) => chunkId);
    const passages = [...(await this.candidates.passages(scope, ids, 0))];
    if (passages.length === 0) return { by: this.name, scored: new Map() };
    const texts = passages.map(([, passage]) => passageText(passage));
    const { model, scores } = await this.inference
      .rerank({ query, texts, urgency: 'interactive' })
      .catch((error: unknown) => {
        if (error instanceof UserError && OUTDATED.includes(error.code)) this.model.forget();
        throw error;
      });
    const scored = new Map(passages.map(([chunkId], i) => [chunkId, { score: scores[i]! }]));
    return { by: model.name, scored };
  }
}
