import type { KnowledgeBaseView } from '@midplane/contracts';
import type { KnowledgeBaseEntity } from './knowledge-base.entity.js';

/** @returns a knowledge base as other services see it */
export function knowledgeBaseView(base: KnowledgeBaseEntity): KnowledgeBaseView {
  const { id, name, description, embeddingModel, documentCount, chunkCount, createdAt, ranking } = base;
  return { id, name, description, embeddingModel, documentCount, chunkCount, createdAt, ranking };
}
