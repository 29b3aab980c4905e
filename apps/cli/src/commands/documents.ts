import { type Client, expect, type ProblemResult } from '../client/client.js';
import { type Document, DOCUMENT_FIELDS, listAllDocuments, pickDocument } from '../client/documents.js';
import { say } from '../messages.js';
import { print, printJson } from '../output/terminal.js';

interface Deletion {
  __typename: 'Deletion';
  id: string;
  chunks: number;
  verified: boolean;
  auditEventId: string;
}

/** `midplane retry`: starts the named failed documents again, or all of them, at the stage that failed */
export async function retry(client: Client, names: string[], options: { json?: boolean }): Promise<number> {
  const failed = await listAllDocuments(client, 'FAILED');
  const chosen = names.length > 0 ? names.map((name) => pickDocument(failed, name)) : failed;
  if (chosen.length === 0 && !options.json) print(say('nothingFailed'));
  const restarted: Document[] = [];
  for (const { id } of chosen) {
    const { retryDocument } = await client.request<{ retryDocument: Document | ProblemResult }>(
      `mutation ($id: ID!) { retryDocument(id: $id) {
         ... on Document { ${DOCUMENT_FIELDS} } ... on Problem { __typename code message } } }`,
      { id },
    );
    const document = expect(retryDocument, 'Document');
    restarted.push(document);
    if (!options.json)
      print(say('restarted', { title: document.title, stage: document.status.toLowerCase() }));
  }
  if (options.json) printJson(restarted);
  return 0;
}

/** `midplane delete`: erases a document; @returns 1 where the probe still found something of it */
export async function deleteDocument(
  client: Client,
  name: string,
  options: { json?: boolean },
): Promise<number> {
  const document = pickDocument(await listAllDocuments(client), name);
  const { deleteDocument: outcome } = await client.request<{ deleteDocument: Deletion | ProblemResult }>(
    `mutation ($id: ID!) { deleteDocument(id: $id) { __typename
       ... on Deletion { id chunks verified auditEventId } ... on Problem { code message } } }`,
    { id: document.id },
  );
  const deletion = expect(outcome, 'Deletion');
  if (options.json) printJson(deletion);
  else {
    print(
      say(deletion.verified ? 'deleted' : 'notVerified', {
        title: document.title,
        chunks: deletion.chunks,
        event: deletion.auditEventId,
      }),
    );
  }
  return deletion.verified ? 0 : 1;
}
