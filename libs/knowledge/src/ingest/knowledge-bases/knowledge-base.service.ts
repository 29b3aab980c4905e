import type { KnowledgeBaseView, Page, PageInput, Ranking } from '@midplane/contracts';
import {
  AuditLog,
  authorize,
  currentContext,
  Database,
  decodeCursor,
  newId,
  toPage,
  UserError,
} from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { checkDescription, checkName } from '../ingest-input.js';
import { EmbedderChoice } from './embedder-choice.js';
import type { KnowledgeBaseEntity } from './knowledge-base.entity.js';
import { KnowledgeBaseRepository } from './knowledge-base.repository.js';
import { knowledgeBaseView } from './knowledge-base.view.js';

export interface CreateKnowledgeBase {
  name: string;
  description: string;
  /** Undefined: the default embedder. */
  embeddingModel?: string | undefined;
}

/** Makes and shows knowledge bases of the caller's tenant. */
@Injectable()
export class KnowledgeBaseService {
  constructor(
    private readonly database: Database,
    private readonly bases: KnowledgeBaseRepository,
    private readonly embedders: EmbedderChoice,
    private readonly audit: AuditLog,
  ) {}

  /** @throws UserError KNOWLEDGE_BASE_NAME_TAKEN, MODEL_NOT_FOUND, INVALID_INPUT, FORBIDDEN */
  async create(input: CreateKnowledgeBase): Promise<KnowledgeBaseView> {
    authorize('create', 'KnowledgeBase');
    const name = checkName(input.name);
    const description = checkDescription(input.description);
    const embedder = await this.embedders.choose(input.embeddingModel);
    const base: KnowledgeBaseEntity = {
      id: newId(),
      tenantId: currentContext().principal.tenantId,
      name,
      description,
      embeddingModel: embedder.name,
      embeddingRevision: embedder.revision,
      dimension: embedder.dimension,
      documentCount: 0,
      chunkCount: 0,
      ranking: null,
      createdAt: new Date(),
      deleting: false,
    };
    await this.database.tenant(async (manager) => {
      if (!(await this.bases.add(manager, base))) throw new UserError('KNOWLEDGE_BASE_NAME_TAKEN', { name });
      await this.audit.append(manager, {
        action: 'knowledge-base.create',
        subject: base.id,
        detail: { embeddingModel: embedder.name },
      });
    });
    return knowledgeBaseView(base);
  }

  /**
   * Gives a knowledge base ranking parameters of its own; null gives back the defaults.
   * @throws UserError KNOWLEDGE_BASE_NOT_FOUND, FORBIDDEN
   */
  async setRanking(id: string, ranking: Ranking | null): Promise<KnowledgeBaseView> {
    authorize('update', 'KnowledgeBase');
    return this.database.tenant(async (manager) => {
      const base = await this.bases.findLocked(manager, id, 'changed');
      if (!base) throw new UserError('KNOWLEDGE_BASE_NOT_FOUND', { id });
      await this.bases.rank(manager, id, ranking);
      await this.audit.append(manager, {
        action: 'knowledge-base.set-ranking',
        subject: id,
        detail: { before: base.ranking, after: ranking },
      });
      return knowledgeBaseView({ ...base, ranking });
    });
  }

  /** In the order in which they were made. @throws UserError INVALID_INPUT for a strange cursor, FORBIDDEN */
  async list({ first, after }: PageInput): Promise<Page<KnowledgeBaseView>> {
    authorize('read', 'KnowledgeBase');
    const last = decodeCursor(after);
    return this.database.tenant(async (manager) => {
      const rows = await this.bases.list(manager, last, first + 1);
      return toPage(rows, first, await this.bases.count(manager), knowledgeBaseView);
    });
  }

  /** @throws UserError FORBIDDEN */
  async get(id: string): Promise<KnowledgeBaseView | null> {
    authorize('read', 'KnowledgeBase');
    const base = await this.database.tenant((manager) => this.bases.find(manager, id));
    return base && knowledgeBaseView(base);
  }
}
