import { decodeVector, type EmbeddingModel } from '@midplane/contracts';
import { Database, ServiceRegistry, UserError } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type EmbedderBinding, isSameEmbedder, vectorSpace } from '../../vector-space.js';
import type { EmbeddedPassage } from '../chunks/chunk.repository.js';
import { bindingOf } from './knowledge-base.entity.js';
import { KnowledgeBaseRepository } from './knowledge-base.repository.js';

/** The embedder of a knowledge base, with the base's name for messages. */
export interface BaseEmbedder extends EmbedderBinding {
  baseName: string;
}

/** Embeds with exactly the embedder that a knowledge base is bound to, or not at all. */
@Injectable()
export class BoundEmbedder {
  constructor(
    private readonly database: Database,
    private readonly bases: KnowledgeBaseRepository,
    private readonly registry: ServiceRegistry,
  ) {}

  /** @returns the embedder of a knowledge base. @throws UserError KNOWLEDGE_BASE_NOT_FOUND */
  async of(knowledgeBaseId: string): Promise<BaseEmbedder> {
    const base = await this.database.tenant((manager) => this.bases.find(manager, knowledgeBaseId));
    if (!base) throw new UserError('KNOWLEDGE_BASE_NOT_FOUND', { id: knowledgeBaseId });
    return { ...bindingOf(base), baseName: base.name };
  }

  /**
   * Keeps a knowledge base bound as it is until the transaction ends.
   * @returns whether it is still bound to this embedder
   */
  async holds(manager: EntityManager, knowledgeBaseId: string, embedder: EmbedderBinding): Promise<boolean> {
    const base = await this.bases.findLocked(manager, knowledgeBaseId, 'bound');
    return base !== null && isSameEmbedder(bindingOf(base), embedder);
  }

  /** @returns what runs under the embedder's name. @throws UserError EMBEDDER_MISMATCH where that is another one, or none */
  async describe(embedder: BaseEmbedder): Promise<EmbeddingModel> {
    const models = await this.registry.client('inference').embeddingModels();
    const model = models.find((each) => each.name === embedder.name);
    if (!model || !isSameEmbedder(model, embedder)) throw mismatch(embedder, model ?? models[0]!);
    return model;
  }

  /**
   * @param texts at most 256 passages
   * @returns for each a vector of length 1, and the states of its tokens where the embedder has them
   * @throws UserError EMBEDDER_MISMATCH, and what inference throws
   */
  async embed(embedder: BaseEmbedder, texts: string[], signal: AbortSignal): Promise<EmbeddedPassage[]> {
    const { model, vectors, tokenStates } = await this.registry
      .client('inference')
      .embed(
        { model: embedder.name, role: 'passage', urgency: 'bulk', tokenStates: true, texts },
        { signal },
      );
    if (!isSameEmbedder(model, embedder)) throw mismatch(embedder, model);
    return vectors.map((encoded, i) => {
      const vector = decodeVector(encoded);
      const states = tokenStates?.[i];
      return states === undefined ? { vector } : { vector, states: Buffer.from(states, 'base64') };
    });
  }
}

function mismatch(bound: BaseEmbedder, present: EmbedderBinding): UserError {
  return new UserError('EMBEDDER_MISMATCH', {
    name: bound.baseName,
    bound: vectorSpace(bound),
    present: vectorSpace(present),
  });
}
