import { say } from '../messages.js';
import { type Client, CommandError } from './client.js';
import { listBases } from './knowledge-bases.js';

export type DocumentStatus =
  'QUEUED' | 'PARSING' | 'CHUNKING' | 'EMBEDDING' | 'INDEXING' | 'READY' | 'FAILED' | 'DELETING';

export interface Document {
  __typename: 'Document';
  id: string;
  title: string;
  sha256: string;
  status: DocumentStatus;
  progress: number;
  pageCount: number | null;
  chunkCount: number;
  failure: { stage: DocumentStatus; code: string; message: string; retryable: boolean } | null;
}

/** The fields of {@link Document} in a query. */
export const DOCUMENT_FIELDS =
  '__typename id title sha256 status progress pageCount chunkCount failure { stage code message retryable }';

/** @returns the documents of a base, those of one status where it is given */
export async function listDocuments(
  client: Client,
  baseId: string,
  status?: DocumentStatus,
): Promise<Document[]> {
  const documents: Document[] = [];
  for (let after: string | null = null; ;) {
    const page: {
      knowledgeBase: {
        documents: { nodes: Document[]; pageInfo: { endCursor: string | null; hasNextPage: boolean } };
      } | null;
    } = await client.request(
      `query ($id: ID!, $after: String, $status: DocumentStatus) { knowledgeBase(id: $id) {
         documents(first: 100, after: $after, status: $status) {
           nodes { ${DOCUMENT_FIELDS} } pageInfo { endCursor hasNextPage } } } }`,
      { id: baseId, after, status },
    );
    if (!page.knowledgeBase) return documents;
    documents.push(...page.knowledgeBase.documents.nodes);
    if (!page.knowledgeBase.documents.pageInfo.hasNextPage) return documents;
    after = page.knowledgeBase.documents.pageInfo.endCursor;
  }
}

/** @returns the documents of every base, those of one status where it is given */
export async function listAllDocuments(client: Client, status?: DocumentStatus): Promise<Document[]> {
  const bases = await listBases(client);
  return (await Promise.all(bases.map((base) => listDocuments(client, base.id, status)))).flat();
}

/**
 * @param name id or title
 * @throws CommandError where there is none, or several of that title
 */
export function pickDocument(documents: Document[], name: string): Document {
  const byId = documents.find((document) => document.id === name);
  const named = byId ? [byId] : documents.filter((document) => document.title === name);
  if (named.length > 1) {
    throw new CommandError(
      say('manyDocuments', { name, ids: named.map((document) => document.id).join(', ') }),
    );
  }
  if (!named[0]) throw new CommandError(say('noDocument', { name }));
  return named[0];
}
