import { type EmbeddingModel } from '@midplane/contracts';
import { ServiceRegistry, UserError } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { type EmbedderBinding, VECTOR_DIMENSIONS } from '../../vector-space.js';

/** Finds the embedder that a knowledge base shall be bound to. */
@Injectable()
export class EmbedderChoice {
  constructor(private readonly registry: ServiceRegistry) {}

  /**
   * @param name undefined: the default one
   * @throws UserError MODEL_NOT_FOUND, EMBEDDING_DIMENSION_UNSUPPORTED
   */
  async choose(name: string | undefined): Promise<EmbedderBinding> {
    const models = await this.registry.client('inference').embeddingModels();
    const model: EmbeddingModel | undefined =
      name === undefined ? models[0] : models.find((each) => each.name === name);
    if (!model) {
      const available = models.map((each) => each.name).join(', ');
      throw new UserError('MODEL_NOT_FOUND', { model: name ?? '', available });
    }
    if (!VECTOR_DIMENSIONS.includes(model.dimension)) {
      throw new UserError('EMBEDDING_DIMENSION_UNSUPPORTED', {
        model: model.name,
        dimension: model.dimension,
        supported: VECTOR_DIMENSIONS.join(', '),
      });
    }
    return { name: model.name, revision: model.revision, dimension: model.dimension };
  }
}
