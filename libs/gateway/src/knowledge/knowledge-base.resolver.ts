import { Args, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { type DocumentStatus, DocumentStatus as DocumentStatusSchema, PageInput } from '@midplane/contracts';
import { authorize, type ServiceClient, ServiceRegistry } from '@midplane/kernel';
import { idOr, parseInput } from '../input/parse-input.js';
import { type Connection, toConnection } from '../page/page.types.js';
import { DeletionResult, Document, DocumentConnection, DocumentStatusEnum } from './document.types.js';
import { toDocument } from './document.view.js';
import {
  CreateKnowledgeBaseInput,
  KnowledgeBase,
  KnowledgeBaseConnection,
  KnowledgeBaseResult,
  ReembedResult,
} from './knowledge-base.types.js';

@Resolver(() => KnowledgeBase)
export class KnowledgeBaseResolver {
  private readonly ingest: ServiceClient<'ingest'>;

  constructor(services: ServiceRegistry) {
    this.ingest = services.client('ingest');
  }

  @Query(() => KnowledgeBaseConnection)
  async knowledgeBases(
    @Args('first', { type: () => Int, nullable: true, defaultValue: 20 }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
  ): Promise<Connection<KnowledgeBase>> {
    authorize('read', 'KnowledgeBase');
    const page = await this.ingest.knowledgeBases(parseInput(PageInput, { first, after }));
    return toConnection(page, (view) => view);
  }

  @Query(() => KnowledgeBase, { nullable: true })
  async knowledgeBase(@Args('id', { type: () => ID }) id: string): Promise<KnowledgeBase | null> {
    authorize('read', 'KnowledgeBase');
    return this.ingest.knowledgeBase({ id: idOr('KNOWLEDGE_BASE_NOT_FOUND', id) });
  }

  @ResolveField(() => DocumentConnection)
  async documents(
    @Parent() { id: knowledgeBaseId }: KnowledgeBase,
    @Args('first', { type: () => Int, nullable: true, defaultValue: 20 }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Args('status', { type: () => DocumentStatusEnum, nullable: true }) status: DocumentStatus | null,
  ): Promise<Connection<Document>> {
    authorize('read', 'Document');
    const schema = PageInput.extend({ status: DocumentStatusSchema.optional() });
    const page = await this.ingest.documents({
      knowledgeBaseId,
      ...parseInput(schema, { first, after, status }),
    });
    return toConnection(page, toDocument);
  }

  @Mutation(() => KnowledgeBaseResult)
  async createKnowledgeBase(
    @Args('input') { name, description, embeddingModel }: CreateKnowledgeBaseInput,
  ): Promise<KnowledgeBase> {
    authorize('create', 'KnowledgeBase');
    return this.ingest.createKnowledgeBase({
      name,
      description: description ?? undefined,
      embeddingModel: embeddingModel ?? undefined,
    });
  }

  @Mutation(() => DeletionResult)
  async deleteKnowledgeBase(@Args('id', { type: () => ID }) id: string) {
    authorize('delete', 'KnowledgeBase');
    return this.ingest.deleteKnowledgeBase({ id: idOr('KNOWLEDGE_BASE_NOT_FOUND', id) });
  }

  @Mutation(() => ReembedResult, {
    description:
      'Moves a knowledge base to another embedder. Searches use the old one until the new vectors are complete.',
  })
  async reembedKnowledgeBase(
    @Args('id', { type: () => ID }) id: string,
    @Args('embeddingModel', { type: () => String }) embeddingModel: string,
  ): Promise<KnowledgeBase> {
    authorize('update', 'KnowledgeBase');
    return this.ingest.reembedKnowledgeBase({ id: idOr('KNOWLEDGE_BASE_NOT_FOUND', id), embeddingModel });
  }
}
