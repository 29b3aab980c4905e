import { Args, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import {
  type DocumentStatus,
  DocumentStatus as DocumentStatusSchema,
  PageInput,
  TuneInput,
  type TuningView,
} from '@midplane/contracts';
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
  RankingResult,
  ReembedResult,
} from './knowledge-base.types.js';
import { RatedQuestionInput, TuningResult } from './tuning.types.js';

@Resolver(() => KnowledgeBase)
export class KnowledgeBaseResolver {
  private readonly ingest: ServiceClient<'ingest'>;
  private readonly retrieval: ServiceClient<'retrieval'>;

  constructor(services: ServiceRegistry) {
    this.ingest = services.client('ingest');
    this.retrieval = services.client('retrieval');
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

  @Mutation(() => TuningResult, {
    complexity: 100,
    description:
      'Fits the ranking of a knowledge base to rated questions (at most 500; left out: those that users rated up), and shows before and after on questions held out. With `apply`, what was fitted is kept where it is better.',
  })
  async tuneKnowledgeBase(
    @Args('id', { type: () => ID }) id: string,
    @Args('questions', { type: () => [RatedQuestionInput], nullable: true })
    questions: RatedQuestionInput[] | null,
    @Args('apply', { type: () => Boolean, defaultValue: false }) apply: boolean,
  ): Promise<TuningView> {
    authorize('update', 'KnowledgeBase');
    const input = { questions: questions?.map(withoutNulls) ?? null, apply };
    const knowledgeBaseId = idOr('KNOWLEDGE_BASE_NOT_FOUND', id);
    return this.retrieval.tune(parseInput(TuneInput, { knowledgeBaseId, ...input }));
  }

  @Mutation(() => RankingResult, {
    description: 'Gives a knowledge base back the default ranking parameters.',
  })
  async resetRanking(@Args('id', { type: () => ID }) id: string): Promise<KnowledgeBase> {
    authorize('update', 'KnowledgeBase');
    return this.ingest.setRanking({ id: idOr('KNOWLEDGE_BASE_NOT_FOUND', id), ranking: null });
  }
}

const withoutNulls = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== null));
