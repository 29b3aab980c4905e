import type { Principal } from '@midplane/kernel';
import {
  asPrincipal,
  bookPages,
  createKnowledgeBase,
  createPrincipal,
  ingestDocument,
  makePdf,
  settledDocument,
  type TestModules,
  uploadDocument,
} from '@midplane/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type BootedKnowledge, bootKnowledge } from '../../testing/boot-knowledge.js';

vi.setConfig({ testTimeout: 240_000 });

let modules: TestModules;
let admin: Principal;
let query: BootedKnowledge['query'];

beforeAll(async () => {
  ({ modules, admin, query } = await bootKnowledge());
});
afterAll(() => modules?.close());

const asAdmin = <T>(work: () => T): T => asPrincipal(admin, work);
const ingest = () => modules.kernel.registry.client('ingest');

async function search(knowledgeBaseId: string, text: string): Promise<string[]> {
  const { search } = modules.kernel.registry.client('retrieval');
  const found = new Set<string>();
  for (const mode of ['LEXICAL', 'VECTOR'] as const) {
    const { hits } = await search({ query: text, knowledgeBaseIds: [knowledgeBaseId], mode });
    for (const hit of hits) found.add(hit.documentId);
  }
  return [...found];
}

async function ask(knowledgeBaseId: string, question: string): Promise<string[]> {
  const cited: string[] = [];
  const events = await modules.kernel.registry
    .client('sessions')
    .ask({ question, knowledgeBaseIds: [knowledgeBaseId] });
  for await (const event of events)
    if (event.type === 'done') cited.push(...event.answer.citations.map((citation) => citation.documentId));
  return cited;
}

/** Rows and files of a document, wherever they are. */
async function tracesOf(id: string, storageKey: string) {
  const [rows] = await query(
    `select (select count(*)::int from document where id = $1) as documents,
            (select count(*)::int from chunk where document_id = $1) as chunks,
            (select count(*)::int from posting where document_id = $1) as postings,
            (select count(*)::int from chunk_vector where document_id = $1) as vectors,
            (select count(*)::int from vector_code where document_id = $1) as codes,
            (select count(*)::int from word_code where document_id = $1) as "wordCodes",
            (select count(*)::int from answer_source where document_id = $1) as answers,
            (select count(*)::int from job where status <> 'DONE' and payload ->> 'documentId' = $1::text) as jobs`,
    [id],
  );
  let files = 0;
  for (const prefix of [storageKey, `${admin.tenantId}/${id}/`])
    for await (const _ of modules.kernel.storage.list(prefix)) files++;
  return { ...rows, files };
}

async function storageKeyOf(id: string): Promise<string> {
  const [row] = await query<{ storage_key: string }>('select storage_key from document where id = $1', [id]);
  return row!.storage_key;
}

const NOTHING = {
  documents: 0,
  chunks: 0,
  postings: 0,
  vectors: 0,
  codes: 0,
  wordCodes: 0,
  answers: 0,
  jobs: 0,
  files: 0,
};
const POLICY = '# Leave\n\nEvery employee has 25 days of annual leave a year.\n';
const OTHER = '# Canteen\n\nThe canteen opens at eleven and serves soup on Mondays.\n';

test('a deleted document is gone from everywhere, and the proof is in the ledger', () =>
  asAdmin(async () => {
    const base = await createKnowledgeBase(modules.kernel);
    const upload = { knowledgeBaseId: base.id, fileName: 'leave.md', content: POLICY };
    const kept = await ingestDocument(modules.kernel, { ...upload, fileName: 'b.md', content: OTHER });
    const document = await ingestDocument(modules.kernel, upload);
    const storageKey = await storageKeyOf(document.id);
    const question = 'How many days of annual leave does an employee have?';
    expect(await search(base.id, question)).toContain(document.id);
    expect(await ask(base.id, question)).toContain(document.id);
    expect(await tracesOf(document.id, storageKey)).toMatchObject({
      documents: 1,
      codes: 1,
      wordCodes: 1,
      answers: 1,
      files: 2,
    });

    const deletion = await ingest().deleteDocument({ id: document.id });
    expect(deletion).toMatchObject({ id: document.id, chunks: document.chunkCount, verified: true });
    expect(await tracesOf(document.id, storageKey)).toEqual(NOTHING);
    expect(await search(base.id, question)).toEqual([kept.id]);
    expect(await ingest().document({ id: document.id })).toBeNull();
    expect(await ingest().knowledgeBase({ id: base.id })).toMatchObject({
      documentCount: 1,
      chunkCount: kept.chunkCount,
    });
    expect(
      await query('select action, subject, detail from audit_event where id = $1', [deletion.auditEventId]),
    ).toMatchObject([{ action: 'document.erase', subject: document.id, detail: { probes: 1 } }]);

    const again = await ingestDocument(modules.kernel, upload);
    expect(again.id).not.toBe(document.id);
    expect(again.status).toBe('READY');
  }));

test.each(['QUEUED', 'PARSING', 'CHUNKING', 'EMBEDDING', 'INDEXING'])(
  'a document deleted while it is %s leaves nothing behind',
  (stage) =>
    asAdmin(async () => {
      const base = await createKnowledgeBase(modules.kernel);
      const { document } = await uploadDocument(modules.kernel, {
        knowledgeBaseId: base.id,
        fileName: 'book.pdf',
        content: makePdf({ pages: bookPages({ pages: 8 }) }),
      });
      const storageKey = await storageKeyOf(document.id);
      const order = ['QUEUED', 'PARSING', 'CHUNKING', 'EMBEDDING', 'INDEXING', 'READY'];
      for (;;) {
        const [row] = await query<{ status: string }>('select status from document where id = $1', [
          document.id,
        ]);
        if (order.indexOf(row!.status) >= order.indexOf(stage)) break;
        await sleep(1);
      }
      expect(await ingest().deleteDocument({ id: document.id })).toMatchObject({ verified: true });
      const running = () =>
        query(`select from job where status = 'RUNNING' and payload ->> 'documentId' = $1`, [document.id]);
      while ((await running()).length > 0) await sleep(20);
      expect(await tracesOf(document.id, storageKey)).toEqual(NOTHING);
      expect(await ingest().knowledgeBase({ id: base.id })).toMatchObject({
        documentCount: 0,
        chunkCount: 0,
      });
    }),
);

test('a deletion that leaves something behind says so, hides it, and is finished by a job', () =>
  asAdmin(async () => {
    const base = await createKnowledgeBase(modules.kernel);
    const upload = { knowledgeBaseId: base.id, fileName: 'leave.md', content: POLICY };
    const document = await ingestDocument(modules.kernel, upload);
    const storageKey = await storageKeyOf(document.id);
    // Planted: words that don't go away when they are deleted.
    await query('alter table posting drop constraint posting_chunk_id_fkey');
    await query(`create function keep_row() returns trigger language plpgsql as 'begin return null; end'`);
    await query('create trigger keep before delete on posting for each row execute function keep_row()');

    const deletion = await ingest().deleteDocument({ id: document.id });
    expect(deletion.verified).toBe(false);
    const [event] = await query('select action, detail from audit_event where id = $1', [
      deletion.auditEventId,
    ]);
    expect(event).toMatchObject({
      action: 'document.erase-incomplete',
      detail: { residue: { postings: document.chunkCount } },
    });
    expect(await search(base.id, 'annual leave')).toEqual([]);
    expect(await ingest().document({ id: document.id })).toMatchObject({ status: 'DELETING' });

    await query('drop trigger keep on posting');
    await query('drop function keep_row');
    await query('alter table posting add foreign key (chunk_id) references chunk not valid');
    await runEraseNow(document.id);
    expect(await tracesOf(document.id, storageKey)).toEqual(NOTHING);
  }));

test('a deletion that was cut off is finished by a job; meanwhile nobody finds the document', () =>
  asAdmin(async () => {
    const base = await createKnowledgeBase(modules.kernel);
    const upload = { knowledgeBaseId: base.id, fileName: 'leave.md', content: POLICY };
    const document = await ingestDocument(modules.kernel, upload);
    const storageKey = await storageKeyOf(document.id);
    await query(
      `create function cut_off() returns trigger language plpgsql as 'begin raise exception ''cut''; end'`,
    );
    await query('create trigger cut before delete on chunk for each statement execute function cut_off()');
    await expect(ingest().deleteDocument({ id: document.id })).rejects.toThrow();
    expect(await tracesOf(document.id, storageKey)).toMatchObject({ documents: 1, jobs: 1, files: 2 });
    expect(await search(base.id, 'annual leave')).toEqual([]);

    await query('drop trigger cut on chunk');
    await query('drop function cut_off');
    await runEraseNow(document.id);
    expect(await tracesOf(document.id, storageKey)).toEqual(NOTHING);
  }));

async function runEraseNow(documentId: string): Promise<void> {
  const [job] = await query<{ id: string }>(
    `select id from job where name = 'ingest.erase' and payload ->> 'documentId' = $1`,
    [documentId],
  );
  await query(`update job set run_at = now() where id = $1`, [job!.id]);
  while (
    (await query(`select from job where id = $1 and status in ('PENDING', 'RUNNING')`, [job!.id])).length > 0
  )
    await sleep(20);
}

test('a deleted knowledge base takes its documents with it, and frees its name', () =>
  asAdmin(async () => {
    const base = await createKnowledgeBase(modules.kernel, { name: 'to be deleted' });
    const other = await createKnowledgeBase(modules.kernel);
    const upload = { knowledgeBaseId: base.id, fileName: 'leave.md', content: POLICY };
    const document = await ingestDocument(modules.kernel, upload);
    const queued = await uploadDocument(modules.kernel, { ...upload, content: OTHER });
    const survivor = await ingestDocument(modules.kernel, { ...upload, knowledgeBaseId: other.id });
    const keys = [await storageKeyOf(document.id), await storageKeyOf(queued.document.id)];

    const deletion = await ingest().deleteKnowledgeBase({ id: base.id });
    expect(deletion).toMatchObject({ id: base.id, verified: true });
    expect(deletion.chunks).toBeGreaterThanOrEqual(document.chunkCount);
    expect(await ingest().knowledgeBase({ id: base.id })).toBeNull();
    expect(await query('select from knowledge_base where id = $1', [base.id])).toEqual([]);
    for (const [i, id] of [document.id, queued.document.id].entries()) {
      while (
        (await query(`select from job where status = 'RUNNING' and payload ->> 'documentId' = $1`, [id]))
          .length > 0
      )
        await sleep(20);
      expect(await tracesOf(id, keys[i]!)).toEqual(NOTHING);
    }
    await expect(search(base.id, 'annual leave')).rejects.toMatchObject({
      problem: { code: 'KNOWLEDGE_BASE_NOT_FOUND' },
    });
    expect(await search(other.id, 'annual leave')).toEqual([survivor.id]);
    await createKnowledgeBase(modules.kernel, { name: 'to be deleted' });
    await expect(ingest().deleteKnowledgeBase({ id: base.id })).rejects.toMatchObject({
      problem: { code: 'KNOWLEDGE_BASE_NOT_FOUND' },
    });
  }));

test('only those who may delete do, and only in their tenant', async () => {
  const { base, document } = await asAdmin(async () => {
    const base = await createKnowledgeBase(modules.kernel);
    const upload = { knowledgeBaseId: base.id, fileName: 'leave.md', content: POLICY };
    return { base, document: await ingestDocument(modules.kernel, upload) };
  });
  const { database } = modules.kernel;
  const application = await createPrincipal(database, { tenantId: admin.tenantId, roles: ['application'] });
  const stranger = await createPrincipal(database, { roles: ['administrator'] });
  await asPrincipal(application, async () => {
    await expect(ingest().deleteDocument({ id: document.id })).rejects.toMatchObject({
      problem: { code: 'FORBIDDEN' },
    });
    await expect(ingest().deleteKnowledgeBase({ id: base.id })).rejects.toMatchObject({
      problem: { code: 'FORBIDDEN' },
    });
  });
  await asPrincipal(stranger, async () => {
    await expect(ingest().deleteDocument({ id: document.id })).rejects.toMatchObject({
      problem: { code: 'DOCUMENT_NOT_FOUND' },
    });
    await expect(ingest().deleteKnowledgeBase({ id: base.id })).rejects.toMatchObject({
      problem: { code: 'KNOWLEDGE_BASE_NOT_FOUND' },
    });
  });
  await asAdmin(async () => {
    expect(await settledDocument(modules.kernel, document.id)).toMatchObject({ status: 'READY' });
  });
});
