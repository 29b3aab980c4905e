import { Args, ID, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import type { DocumentView } from '@midplane/contracts';
import { authorize, type ServiceClient, ServiceRegistry } from '@midplane/kernel';
import { idOr } from '../input/parse-input.js';
import { UploadService } from '../upload/upload.service.js';
import { DeletionResult, Document, DocumentResult, UploadDocumentInput } from './document.types.js';
import { toDocument } from './document.view.js';

@Resolver(() => Document)
export class DocumentResolver {
  private readonly ingest: ServiceClient<'ingest'>;

  constructor(
    services: ServiceRegistry,
    private readonly uploads: UploadService,
  ) {
    this.ingest = services.client('ingest');
  }

  @Query(() => Document, { nullable: true })
  async document(@Args('id', { type: () => ID }) id: string): Promise<Document | null> {
    authorize('read', 'Document');
    const view = await this.ingest.document({ id: idOr('DOCUMENT_NOT_FOUND', id) });
    return view && toDocument(view);
  }

  @Mutation(() => DocumentResult, { complexity: 10 })
  async uploadDocument(@Args('input') input: UploadDocumentInput): Promise<Document> {
    authorize('create', 'Document');
    return toDocument(await this.uploads.upload(input));
  }

  @Mutation(() => DocumentResult)
  async retryDocument(@Args('id', { type: () => ID }) id: string): Promise<Document> {
    authorize('update', 'Document');
    return toDocument(await this.ingest.retryDocument({ id: idOr('DOCUMENT_NOT_FOUND', id) }));
  }

  @Mutation(() => DeletionResult)
  async deleteDocument(@Args('id', { type: () => ID }) id: string) {
    authorize('delete', 'Document');
    return this.ingest.deleteDocument({ id: idOr('DOCUMENT_NOT_FOUND', id) });
  }

  @Subscription(() => Document, { resolve: toDocument })
  async documentEvents(
    @Args('knowledgeBaseId', { type: () => ID }) knowledgeBaseId: string,
  ): Promise<AsyncIterable<DocumentView>> {
    authorize('read', 'Document');
    return this.ingest.documentEvents({
      knowledgeBaseId: idOr('KNOWLEDGE_BASE_NOT_FOUND', knowledgeBaseId),
    });
  }
}
