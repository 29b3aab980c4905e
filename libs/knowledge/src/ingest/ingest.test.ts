import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DocumentView } from '@midplane/contracts';
import type { Principal } from '@midplane/kernel';
import {
  asPrincipal,
  bookPages,
  bookReference,
  createKnowledgeBase,
  createPrincipal,
  ingestDocument,
  makePdf,
  makeZip,
  settledDocument,
  type TestModules,
  uploadDocument,
} from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootKnowledge } from '../testing/boot-knowledge.js';

const REAL_DOCUMENTS = join(import.meta.dirname, '../../../../../shared/data/documents');

vi.setConfig({ testTimeout: 240_000 });

let modules: TestModules;
let admin: Principal;

beforeAll(async () => {
  ({ modules, admin } = await bootKnowledge());
});
afterAll(() => modules?.close());

const ingest = () => modules.kernel.registry.client('ingest');
const asAdmin = <T>(work: () => T): T => asPrincipal(admin, work);

/** What stands in the tables for a document, as the superuser sees it. */
async function rowsOf(id: string) {
  const [row] = await modules.kernel.database.dataSource.query(
    `select (select count(*)::int from chunk where document_id = $1) as chunks,
            (select count(distinct ordinal)::int from chunk where document_id = $1) as ordinals,
            (select count(*)::int from posting where document_id = $1) as postings,
            (select count(*)::int from chunk_vector where document_id = $1) as vectors`,
    [id],
  );
  return row as { chunks: number; ordinals: number; postings: number; vectors: number };
}

async function storedFiles(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of modules.kernel.storage.list(prefix)) keys.push(key);
  return keys;
}

const workFolders = () =>
  readdirSync(tmpdir()).filter(
    (name) => name.startsWith('midplane-ingest-') && name.includes(`-${process.pid}-`),
  );

const HANDBOOK = `# Employee handbook

## Annual leave

Every employee has 25 days of annual leave. Part-time staff have the same share of their days.

## 差旅报销

出差的机票需要提前七天预订。住宿标准为每晚五百元，超出部分由员工自行承担。
`;

describe('an upload', () => {
  test('goes through all stages and is counted', () =>
    asAdmin(async () => {
      const base = await createKnowledgeBase(modules.kernel);
      const document = await ingestDocument(modules.kernel, {
        knowledgeBaseId: base.id,
        fileName: 'handbook.md',
        content: HANDBOOK,
      });
      expect(document).toMatchObject({
        status: 'READY',
        progress: 1,
        failure: null,
        mimeType: 'text/markdown',
        title: 'handbook.md',
      });
      expect(document.chunkCount).toBeGreaterThan(0);
      expect(await rowsOf(document.id)).toEqual({
        chunks: document.chunkCount,
        ordinals: document.chunkCount,
        postings: document.chunkCount,
        vectors: document.chunkCount,
      });
      expect(await ingest().knowledgeBase({ id: base.id })).toMatchObject({
        documentCount: 1,
        chunkCount: document.chunkCount,
      });
      expect(workFolders()).toEqual([]);
    }));

  test('of a long PDF keeps pages and passages', () =>
    asAdmin(async () => {
      const base = await createKnowledgeBase(modules.kernel);
      const document = await ingestDocument(modules.kernel, {
        knowledgeBaseId: base.id,
        fileName: 'book.pdf',
        content: makePdf({ pages: bookPages({ pages: 12 }) }),
      });
      expect(document).toMatchObject({ status: 'READY', pageCount: 12, mimeType: 'application/pdf' });
      const rows = await modules.kernel.database.dataSource.query(
        'select page, boxes from chunk where document_id = $1 and text like $2',
        [document.id, `%${bookReference(7)}%`],
      );
      expect(rows).toHaveLength(1);
      expect(rows[0].boxes.some((box: { page: number }) => box.page === 7)).toBe(true);
    }));

  test('of the same bytes gives the document that is there, and leaves one copy', () =>
    asAdmin(async () => {
      const base = await createKnowledgeBase(modules.kernel);
      const upload = { knowledgeBaseId: base.id, fileName: 'a.txt', content: 'The same text, twice.' };
      const [one, two] = await Promise.all([
        uploadDocument(modules.kernel, upload),
        uploadDocument(modules.kernel, upload),
      ]);
      const again = await uploadDocument(modules.kernel, upload);
      expect(new Set([one.document.id, two.document.id, again.document.id]).size).toBe(1);
      expect([one, two, again].filter((each) => each.created)).toHaveLength(1);
      await settledDocument(modules.kernel, one.document.id);
      expect(await ingest().documents({ knowledgeBaseId: base.id })).toMatchObject({ totalCount: 1 });
      const [{ storage_key: key }] = await modules.kernel.database.dataSource.query(
        'select storage_key from document where id = $1',
        [one.document.id],
      );
      const files = await modules.kernel.database.dataSource.query('select storage_key from document');
      const known = new Set(files.map((row: { storage_key: string }) => row.storage_key));
      const uploads = await storedFiles(`${admin.tenantId}/uploads/`);
      expect(uploads).toContain(key);
      expect(uploads.filter((file) => !known.has(file))).toEqual([]);
    }));

  test('keeps no control characters in its title', () =>
    asAdmin(async () => {
      const base = await createKnowledgeBase(modules.kernel);
      const { document } = await uploadDocument(modules.kernel, {
        knowledgeBaseId: base.id,
        fileName: 'x\u0000\u202Efdp.txt',
        title: '  Quarterly\u0000\u0007\r\n\treport\u202E 2026 ',
        content: 'Some text of a report.',
      });
      expect(document.title).toBe('Quarterly report 2026');
    }));

  test.each([
    ['readers.0', { readers: ['not-an-id'] }],
    ['metadata.nested', { metadata: { nested: { deep: true } } }],
    ['metadata', { metadata: { text: 'x'.repeat(20_000) } }],
    ['metadata', { metadata: { nul: '\u0000' } }],
  ])('with wrong %s is refused, and its file removed', (field, wrong) =>
    asAdmin(async () => {
      const base = await createKnowledgeBase(modules.kernel);
      const before = await storedFiles(`${admin.tenantId}/uploads/`);
      const refused = uploadDocument(modules.kernel, {
        knowledgeBaseId: base.id,
        fileName: 'a.txt',
        content: `text for ${field}`,
        ...wrong,
      });
      await expect(refused).rejects.toMatchObject({ problem: { code: 'INVALID_INPUT', params: { field } } });
      expect(await storedFiles(`${admin.tenantId}/uploads/`)).toEqual(before);
    }),
  );

  test('to a knowledge base that is not there is refused, and its file removed', () =>
    asAdmin(async () => {
      const before = await storedFiles(`${admin.tenantId}/uploads/`);
      const refused = uploadDocument(modules.kernel, {
        knowledgeBaseId: admin.userId,
        fileName: 'a.txt',
        content: 'text',
      });
      await expect(refused).rejects.toMatchObject({ problem: { code: 'KNOWLEDGE_BASE_NOT_FOUND' } });
      expect(await storedFiles(`${admin.tenantId}/uploads/`)).toEqual(before);
    }));

  test('by one who may not is refused, and its file removed', async () => {
    const base = await asAdmin(() => createKnowledgeBase(modules.kernel));
    const reader = await createPrincipal(modules.kernel.database, {
      tenantId: admin.tenantId,
      roles: ['application'],
    });
    const before = await storedFiles(`${admin.tenantId}/uploads/`);
    const refused = asPrincipal(reader, () =>
      uploadDocument(modules.kernel, { knowledgeBaseId: base.id, fileName: 'a.txt', content: 'text' }),
    );
    await expect(refused).rejects.toMatchObject({ problem: { code: 'FORBIDDEN' } });
    expect(await storedFiles(`${admin.tenantId}/uploads/`)).toEqual(before);
  });
});

describe('a file that cannot be read', () => {
  const OOXML = '[Content_Types].xml';
  const TYPES = (part: string, type: string) =>
    `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="${part}" ContentType="${type}"/></Types>`;
  const DOCX = TYPES(
    '/word/document.xml',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml',
  );
  const XLSX = TYPES(
    '/xl/workbook.xml',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml',
  );
  const random = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919 + (i >> 3) * 104729) % 256));
  const files: [what: string, fileName: string, content: () => Uint8Array | string, codes: string[]][] = [
    ['an empty file', 'empty.pdf', () => '', ['FILE_EMPTY']],
    ['random bytes named .pdf', 'random.pdf', () => random, ['FILE_TYPE_UNKNOWN', 'FILE_DAMAGED']],
    [
      'a PDF with a password',
      'locked.pdf',
      () => makePdf({ pages: bookPages({ pages: 1 }), locked: true }),
      ['FILE_PASSWORD'],
    ],
    [
      'a damaged DOCX',
      'damaged.docx',
      () =>
        makeZip([
          { name: OOXML, data: DOCX },
          { name: 'word/document.xml', data: '<w:document><w:body>' },
        ]),
      ['FILE_DAMAGED'],
    ],
    [
      'a bomb in an XLSX',
      'bomb.xlsx',
      () =>
        makeZip([
          { name: OOXML, data: XLSX },
          { name: 'xl/workbook.xml', data: '<workbook/>' },
          { name: 'xl/worksheets/sheet1.xml', data: ' '.repeat(65_536), repeat: 32_768 },
        ]),
      ['ARCHIVE_BOMB'],
    ],
    [
      'a PDF that inflates to a gigabyte',
      'inflates.pdf',
      () => makePdf({ pages: bookPages({ pages: 1 }), inflatesBy: 1024 ** 3 }),
      ['ARCHIVE_BOMB', 'PARSE_MEMORY'],
    ],
    ['a text of white space', 'blank.txt', () => ' \n \n', ['NO_TEXT', 'FILE_EMPTY']],
  ];

  test.each(files)('%s fails with its code, and leaves nothing behind', (_, fileName, content, codes) =>
    asAdmin(async () => {
      const base = await createKnowledgeBase(modules.kernel);
      const document = await ingestDocument(modules.kernel, {
        knowledgeBaseId: base.id,
        fileName,
        content: content(),
      });
      expect(document.status).toBe('FAILED');
      expect(codes).toContain(document.failure?.code);
      expect(document.failure?.stage).toBe('PARSING');
      expect(await rowsOf(document.id)).toEqual({ chunks: 0, ordinals: 0, postings: 0, vectors: 0 });
      expect(await storedFiles(`${admin.tenantId}/${document.id}/`)).toEqual([]);
      expect(workFolders()).toEqual([]);
    }),
  );

  test('HTML nested 100,000 deep fails, and the next file is read', () =>
    asAdmin(async () => {
      const base = await createKnowledgeBase(modules.kernel);
      const deep = '<div>'.repeat(100_000) + 'text' + '</div>'.repeat(100_000);
      const upload = { knowledgeBaseId: base.id, fileName: 'deep.html', content: `<html><body>${deep}` };
      const document = await ingestDocument(modules.kernel, upload);
      expect([document.status, document.failure?.code]).toEqual(['FAILED', 'FILE_TOO_DEEP']);
      const next = await ingestDocument(modules.kernel, { ...upload, fileName: 'a.md', content: HANDBOOK });
      expect(next.status).toBe('READY');
    }));
});

describe('retry', () => {
  test('starts at the stage that failed', () =>
    asAdmin(async () => {
      const base = await createKnowledgeBase(modules.kernel);
      // Another revision than the one that runs: chunking and embedding for it must not go on.
      await rebind(base.id, 'a revision that is gone');
      const upload = { knowledgeBaseId: base.id, fileName: 'handbook.md', content: HANDBOOK };
      const failed = await ingestDocument(modules.kernel, upload);
      expect(failed).toMatchObject({
        status: 'FAILED',
        failure: { stage: 'CHUNKING', code: 'EMBEDDER_MISMATCH', retryable: true },
      });
      expect(await storedFiles(`${admin.tenantId}/${failed.id}/`)).toHaveLength(1);

      const [model] = await modules.kernel.registry.client('inference').embeddingModels();
      await rebind(base.id, model!.revision);
      // The original is not needed any more: parsing is not done again.
      const [{ storage_key: key }] = await modules.kernel.database.dataSource.query(
        'select storage_key from document where id = $1',
        [failed.id],
      );
      await modules.kernel.storage.delete([key]);
      const retried = await ingest().retryDocument({ id: failed.id });
      expect(retried).toMatchObject({ status: 'CHUNKING', failure: null });
      expect(await settledDocument(modules.kernel, failed.id)).toMatchObject({ status: 'READY' });
      expect(await ingest().retryDocument({ id: failed.id })).toMatchObject({ status: 'READY' });
    }));

  const rebind = (id: string, revision: string) =>
    modules.kernel.database.dataSource.query(
      'update knowledge_base set embedding_revision = $2 where id = $1',
      [id, revision],
    );
});

describe('who sees a document', () => {
  test('its readers and their groups, and those who manage documents', async () => {
    const { database } = modules.kernel;
    const { tenantId } = admin;
    const member = await createPrincipal(database, { tenantId, roles: ['application'], groups: ['board'] });
    const named = await createPrincipal(database, { tenantId, roles: ['application'] });
    const other = await createPrincipal(database, { tenantId, roles: ['application'] });
    const stranger = await createPrincipal(database, { roles: ['administrator'] });
    const { base, secret, open } = await asAdmin(async () => {
      const base = await createKnowledgeBase(modules.kernel);
      const upload = { knowledgeBaseId: base.id, fileName: 'a.txt' };
      const readers = [member.groupIds[0]!, named.userId];
      const secret = await uploadDocument(modules.kernel, { ...upload, content: 'secret', readers });
      const open = await uploadDocument(modules.kernel, { ...upload, content: 'open' });
      return { base, secret: secret.document.id, open: open.document.id };
    });
    const seenBy = (principal: Principal) =>
      asPrincipal(principal, async () => {
        const page = await ingest().documents({ knowledgeBaseId: base.id });
        const byIds = await ingest().documentsByIds({ ids: [secret, open] });
        const single = await Promise.all([secret, open].map((id) => ingest().document({ id })));
        const ids = page.nodes.map((node) => node.id);
        expect(page.totalCount).toBe(ids.length);
        expect(byIds.map((document) => document.id).sort()).toEqual(ids);
        expect(single.flatMap((document) => document?.id ?? [])).toEqual(ids);
        return ids;
      });
    expect(await seenBy(admin)).toEqual([secret, open]);
    expect(await seenBy(member)).toEqual([secret, open]);
    expect(await seenBy(named)).toEqual([secret, open]);
    expect(await seenBy(other)).toEqual([open]);
    await asPrincipal(stranger, async () => {
      expect(await ingest().documentsByIds({ ids: [secret, open] })).toEqual([]);
      expect(await ingest().knowledgeBase({ id: base.id })).toBeNull();
      expect((await ingest().knowledgeBases({})).totalCount).toBe(0);
      await expect(ingest().documents({ knowledgeBaseId: base.id })).rejects.toMatchObject({
        problem: { code: 'KNOWLEDGE_BASE_NOT_FOUND' },
      });
      expect((await ingest().status()).documents).toEqual({});
    });
  });
});

describe('a knowledge base', () => {
  test('has a name of its own in the tenant', () =>
    asAdmin(async () => {
      const base = await createKnowledgeBase(modules.kernel, { name: '  规章制度  ' });
      expect(base.name).toBe('规章制度');
      await expect(createKnowledgeBase(modules.kernel, { name: '规章制度' })).rejects.toMatchObject({
        problem: { code: 'KNOWLEDGE_BASE_NAME_TAKEN' },
      });
    }));

  test.each([
    ['', 'name'],
    ['x'.repeat(201), 'name'],
    ['a\u0000b', 'name'],
    ['a\nb', 'name'],
  ])('is not named %j', (name, field) =>
    asAdmin(() =>
      expect(createKnowledgeBase(modules.kernel, { name })).rejects.toMatchObject({
        problem: { code: 'INVALID_INPUT', params: { field } },
      }),
    ),
  );

  test('needs an embedder that is there', () =>
    asAdmin(() =>
      expect(createKnowledgeBase(modules.kernel, { embeddingModel: 'none' })).rejects.toMatchObject({
        problem: { code: 'MODEL_NOT_FOUND' },
      }),
    ));

  test('is listed page by page', async () => {
    const lonely = await createPrincipal(modules.kernel.database, { roles: ['knowledge-admin'] });
    await asPrincipal(lonely, async () => {
      const made = [];
      for (let i = 0; i < 5; i++) made.push((await createKnowledgeBase(modules.kernel)).id);
      const first = await ingest().knowledgeBases({ first: 3 });
      const second = await ingest().knowledgeBases({ first: 3, after: first.endCursor! });
      expect([first.totalCount, first.hasNextPage, second.hasNextPage]).toEqual([5, true, false]);
      expect([...first.nodes, ...second.nodes].map((node) => node.id)).toEqual(made);
    });
  });
});

test('changes of documents are streamed as they happen, to those who may read them', async () => {
  const other = await createPrincipal(modules.kernel.database, {
    tenantId: admin.tenantId,
    roles: ['application'],
  });
  await asAdmin(async () => {
    const base = await createKnowledgeBase(modules.kernel);
    const events = await ingest().documentEvents({ knowledgeBaseId: base.id });
    const hidden = await asPrincipal(other, () => ingest().documentEvents({ knowledgeBaseId: base.id }));
    const upload = { knowledgeBaseId: base.id, fileName: 'handbook.md', readers: [admin.userId] };
    const { document } = await uploadDocument(modules.kernel, { ...upload, content: HANDBOOK });
    const seen: DocumentView[] = [];
    for await (const event of events) {
      seen.push(event);
      if (event.status === 'READY' || event.status === 'FAILED') break;
    }
    expect(seen.at(-1)).toMatchObject({ id: document.id, status: 'READY', progress: 1 });
    const progress = seen.map((event) => event.progress);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));

    const open = await uploadDocument(modules.kernel, { ...upload, readers: [], content: 'Open to all.' });
    const first = await asPrincipal(other, () => hidden.next());
    expect(first.value).toMatchObject({ id: open.document.id });
    await hidden.return?.();
  });
});

describe.skipIf(!existsSync(REAL_DOCUMENTS))(
  'real documents (skipped where ../shared/data is missing)',
  () => {
    const files = [
      'office/test.docx',
      'office/test.pptx',
      'office/test.xlsx',
      'office/test.md',
      'office/test_mskanji.csv',
      'office/test_wikipedia.html',
      'office/equations.docx',
      'office/REPAIR-2022-INV-001_multipage.pdf',
      'pdf/multicolumn.pdf',
      'pdf/habibi.pdf',
    ];

    test.each(files)('%s becomes ready', (file) =>
      asAdmin(async () => {
        const base = await createKnowledgeBase(modules.kernel);
        const document = await ingestDocument(modules.kernel, {
          knowledgeBaseId: base.id,
          fileName: file.split('/').at(-1)!,
          content: readFileSync(join(REAL_DOCUMENTS, file)),
        });
        expect(document).toMatchObject({ status: 'READY', failure: null });
        const { chunks, ordinals, postings, vectors } = await rowsOf(document.id);
        expect([ordinals, postings, vectors]).toEqual([chunks, chunks, chunks]);
      }),
    );

    test('a scanned report is read by OCR', () =>
      asAdmin(async () => {
        const base = await createKnowledgeBase(modules.kernel);
        const document = await ingestDocument(modules.kernel, {
          knowledgeBaseId: base.id,
          fileName: 'scan.pdf',
          content: readFileSync(join(REAL_DOCUMENTS, 'office/MEDRPT-2024-PAT-3847_medical_report_scan.pdf')),
        });
        expect(document).toMatchObject({ status: 'READY', failure: null });
        const rows = await modules.kernel.database.dataSource.query(
          `select text from chunk where document_id = $1 and text ilike '%patient%'`,
          [document.id],
        );
        expect(rows.length).toBeGreaterThan(0);
      }));

    test.each([
      ['pdf/libreoffice-writer-password.pdf', 'FILE_PASSWORD'],
      ['office/random.bin', 'FILE_TYPE_UNKNOWN'],
      ['office/test.wav', 'FILE_TYPE_UNSUPPORTED'],
    ])('%s fails with %s', (file, code) =>
      asAdmin(async () => {
        const base = await createKnowledgeBase(modules.kernel);
        const document = await ingestDocument(modules.kernel, {
          knowledgeBaseId: base.id,
          fileName: file.split('/').at(-1)!,
          content: readFileSync(join(REAL_DOCUMENTS, file)),
        });
        expect(document).toMatchObject({ status: 'FAILED', failure: { stage: 'PARSING', code } });
      }),
    );
  },
);
