import { decodeQuestionStates } from '@midplane/contracts';
import { authorize, type ServiceClient, ServiceRegistry, UserError } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { TokenScorer } from './token-scorer.js';

/** Scores texts that are in no knowledge base, by the tokens that an embedder gives of them here and now. */
@Injectable()
export class TextReranker {
  private readonly inference: ServiceClient<'inference'>;

  constructor(
    registry: ServiceRegistry,
    private readonly scorer: TokenScorer,
  ) {
    this.inference = registry.client('inference');
  }

  /**
   * @param texts what is longer than the embedder takes is cut
   * @returns for each text, in their order, how closely its tokens meet the query's, 0 to 1, and whose tokens they are
   * @throws UserError MODEL_UNAVAILABLE, MODEL_OVERLOADED, FORBIDDEN
   */
  async rerank(query: string, texts: string[]): Promise<{ by: string; revision: string; scores: number[] }> {
    authorize('ask', 'Model');
    const model = (await this.inference.embeddingModels()).find(({ tokenStates }) => tokenStates);
    if (!model) {
      const reason = 'no embedder here gives the states of tokens';
      throw new UserError('MODEL_UNAVAILABLE', { model: 'late-interaction', reason });
    }
    const { name, revision, dimension } = model;
    const options = { model: name, urgency: 'interactive', tokenStates: true } as const;
    const [asked, given] = await Promise.all([
      this.inference.embed({ ...options, role: 'query', texts: [query] }),
      this.inference.embed({ ...options, role: 'passage', texts }),
    ]);
    const states = decodeQuestionStates(asked.tokenStates![0]!, dimension);
    const meetings = await this.scorer.meet({ dimension, states }, (add) => {
      for (const encoded of given.tokenStates!) add(Buffer.from(encoded, 'base64'));
    });
    return { by: name, revision, scores: meetings.map(({ closeness }) => Math.min(1, closeness)) };
  }
}
