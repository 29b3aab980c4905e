import { createHash, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { readConfig } from '@midplane/kernel';
import { ingestConfig, IngestModule, KNOWLEDGE_ENTITIES } from '@midplane/knowledge';
import { InferenceModule } from '@midplane/inference';
import { MIGRATIONS } from '@midplane/migrations';
import { createKey, createPrincipal, type PostgresTestDatabase, testDatabase } from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type BootedGateway, bootGateway, TestClient, UPLOAD } from '../testing/boot-gateway.js';

const MIB = 2 ** 20;
const LIMIT = 2 * MIB;

let database: PostgresTestDatabase;
let gateway: BootedGateway;
let client: TestClient;
let tenantId: string;
let base: string;

beforeAll(async () => {
  database = await testDatabase();
  gateway = await bootGateway({
    databaseUrl: database.url,
    migrations: MIGRATIONS,
    entities: KNOWLEDGE_ENTITIES,
    modules: () => [InferenceModule.forRoot({}), IngestModule.forRoot(readConfig({}, ingestConfig))],
    env: { MAX_UPLOAD_BYTES: String(LIMIT) },
  });
  const principal = await createPrincipal(database.database);
  tenantId = principal.tenantId;
  client = new TestClient(gateway.url, await createKey(database.database, principal));
  const { data } = await client.send(
    'mutation { createKnowledgeBase(input: { name: "Uploads" }) { ... on KnowledgeBase { id } } }',
  );
  base = data.createKnowledgeBase.id;
});
afterAll(async () => {
  await gateway?.stop();
  await database.close();
});

/** Every upload in storage, and what is being written; not what the stages of ingest keep. */
async function storedFiles(): Promise<string[]> {
  const folder = join(gateway.home, 'files');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.filter((file) => /\/uploads\/|unfinished/.test(file)).sort();
}

/** {@link storedFiles} at a moment in which nothing is being written: ingest goes on after an upload's test. */
function restingFiles(): Promise<string[]> {
  return vi.waitFor(async () => {
    const files = await storedFiles();
    expect(files.join()).not.toContain('unfinished');
    return files;
  });
}

async function documents(): Promise<number> {
  const [row] = await database.dataSource.query<{ count: number }[]>(
    'select count(*)::int as count from document where tenant_id = $1',
    [tenantId],
  );
  return row!.count;
}

/** Runs `upload` and checks that neither a file nor a document came of it. */
async function leavingNothing<T>(upload: () => Promise<T>): Promise<T> {
  const [files, rows] = [await restingFiles(), await documents()];
  const result = await upload();
  await vi.waitFor(async () => expect(await storedFiles()).toEqual(files), { timeout: 10_000 });
  expect(await documents()).toBe(rows);
  return result;
}

describe('an upload', () => {
  it('is stored whole, counted and hashed on the way, under a clean name', async () => {
    const bytes = Buffer.from(`# ${randomUUID()}\n\n${'words '.repeat(100_000)}`);
    const { data } = await client.upload(
      { knowledgeBaseId: base, metadata: { year: 2026 } },
      bytes,
      '../../etc/\u202epa\u0007ss.md',
    );
    expect(data.uploadDocument).toMatchObject({
      __typename: 'Document',
      title: 'pa ss.md',
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
  });

  it('takes a title with control characters as a visible one', async () => {
    const { data } = await client.upload(
      { knowledgeBaseId: base, title: 'Leave\u0000\u001b[31m policy' },
      randomUUID(),
      'a.txt',
    );
    expect(data.uploadDocument.title).toBe('Leave [31m policy');
  });

  it('of exactly the limit is taken, of one byte more is not, and leaves nothing', async () => {
    const whole = Buffer.alloc(LIMIT, randomUUID());
    const taken = await client.upload({ knowledgeBaseId: base }, whole, 'whole.txt');
    expect(taken.data.uploadDocument.sizeBytes).toBe(LIMIT);
    const more = Buffer.concat([whole, Buffer.from('x')]);
    const refused = await leavingNothing(() =>
      client.upload({ knowledgeBaseId: base }, more, 'more.txt', { 'accept-language': 'zh' }),
    );
    expect(refused.status).toBe(200);
    expect(refused.data.uploadDocument).toMatchObject({
      __typename: 'LimitExceeded',
      code: 'FILE_TOO_LARGE',
    });
    expect(refused.data.uploadDocument.message).toContain('文件超过 2 MiB');
  });

  it('twice as large as the limit gets its answer, far larger is not read at all', async () => {
    const { data } = await leavingNothing(() =>
      client.upload({ knowledgeBaseId: base }, Buffer.alloc(2 * LIMIT), 'large.bin'),
    );
    expect(data.uploadDocument.code).toBe('FILE_TOO_LARGE');
    const status = await leavingNothing(() => announce(20 * LIMIT));
    expect(status).toBe(413);
  });

  it('that breaks off half-way leaves nothing', async () => {
    await leavingNothing(() => breakOff(MIB));
  });

  it('is refused before it is stored where it can not be taken, and answered all the same', async () => {
    const bytes = Buffer.alloc(LIMIT - 1, 'x');
    const [unknown, malformed, metadata, readers] = await leavingNothing(() =>
      Promise.all([
        client.upload({ knowledgeBaseId: randomUUID() }, bytes, 'a.txt'),
        client.upload({ knowledgeBaseId: 'nonsense' }, bytes, 'a.txt'),
        client.upload({ knowledgeBaseId: base, metadata: [1] }, bytes, 'a.txt'),
        client.upload({ knowledgeBaseId: base, readers: ['everyone'] }, bytes, 'a.txt'),
      ]),
    );
    expect(unknown.data.uploadDocument.code).toBe('KNOWLEDGE_BASE_NOT_FOUND');
    expect(malformed.data.uploadDocument.code).toBe('KNOWLEDGE_BASE_NOT_FOUND');
    expect(metadata.data.uploadDocument).toMatchObject({ __typename: 'InvalidInput', field: 'metadata' });
    expect(readers.data.uploadDocument).toMatchObject({ __typename: 'InvalidInput', field: 'readers.0' });

    const principal = await createPrincipal(database.database, { tenantId, roles: ['application'] });
    const reader = new TestClient(gateway.url, await createKey(database.database, principal));
    const forbidden = await leavingNothing(() => reader.upload({ knowledgeBaseId: base }, bytes, 'a.txt'));
    expect(forbidden.data.uploadDocument).toMatchObject({ __typename: 'Forbidden', code: 'FORBIDDEN' });
  });

  it('says what is wrong with a form that is none', async () => {
    const form = (fields: Record<string, string>) => {
      const body = new FormData();
      for (const [name, value] of Object.entries(fields)) body.set(name, value);
      return fetch(`${gateway.url}/graphql`, { method: 'POST', headers: client.authorization, body });
    };
    const operations = JSON.stringify({
      query: UPLOAD,
      variables: { input: { knowledgeBaseId: base, file: null } },
    });
    expect((await form({ operations: '{' })).status).toBe(400);
    expect((await form({ operations, map: '{"0":["variables.input.__proto__.x"]}' })).status).toBe(400);
    expect((await form({ map: '{}' })).status).toBe(400);
    expect((await form({ operations, map: '{"0":["variables.input.nowhere.x"]}' })).status).toBe(400);
    expect((await form({ operations, map: '{"0":["query"],"1":["query"]}' })).status).toBe(400);
    const missing = await form({ operations, map: '{"0":["variables.input.file"]}' });
    expect(
      ((await missing.json()) as { data: { uploadDocument: unknown } }).data.uploadDocument,
    ).toMatchObject({
      code: 'UPLOAD_INTERRUPTED',
      field: 'file',
    });
  });

  it('that is no multipart at all is refused, and the process goes on', async () => {
    const send = (body: string, type = `multipart/form-data; boundary=${BOUNDARY}`) =>
      fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { ...client.authorization, 'content-type': type },
        body,
      }).then((response) => response.status);
    const fields =
      part(
        'operations',
        JSON.stringify({ query: UPLOAD, variables: { input: { knowledgeBaseId: base, file: null } } }),
      ) + part('map', '{"0":["variables.input.file"]}');
    const statuses = await leavingNothing(() =>
      Promise.all([
        send('nonsense'),
        send('nonsense', 'multipart/form-data'),
        send(''),
        send(`--${BOUNDARY}\r\n\u0007: x\r\n\r\n`),
        send(`--${BOUNDARY}--`),
        send(part('operations', '{}')),
        send(part('operations', `"${'x'.repeat(2 * MIB)}"`)),
        // Begins a file and ends before the file does.
        send(
          `${fields}--${BOUNDARY}\r\ncontent-disposition: form-data; name="0"; filename="a\u0007.txt"\r\n\r\nbytes`,
        ),
      ]),
    );
    expect(statuses).toEqual([400, 400, 400, 400, 400, 400, 400, 200]);
    expect((await client.send('{ __typename }')).status).toBe(200);
  });

  it('can not be sent as JSON', async () => {
    const { data, errors } = await client.send(UPLOAD, { input: { knowledgeBaseId: base, file: 'bytes' } });
    expect(data).toBeUndefined();
    expect(errors![0]!.message).toContain('multipart');
  });
});

const BOUNDARY = 'midplane-boundary';
const part = (name: string, text: string) =>
  `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`;

function open(contentLength: number) {
  return request(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: {
      ...client.authorization,
      'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
      'content-length': contentLength,
    },
  });
}

/** Sends the head of an upload of so many bytes, and none of them. @returns the status of the answer */
function announce(bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = open(bytes);
    sent.on('error', reject);
    sent.on('response', (response) => {
      resolve(response.statusCode!);
      sent.destroy();
    });
    sent.flushHeaders();
  });
}

/** Sends half of an upload, waits until some of it is in storage, and hangs up. */
async function breakOff(bytes: number): Promise<void> {
  const before = (await storedFiles()).length;
  const sent = open(2 * bytes);
  sent.on('error', () => undefined);
  sent.write(
    part(
      'operations',
      JSON.stringify({ query: UPLOAD, variables: { input: { knowledgeBaseId: base, file: null } } }),
    ),
  );
  sent.write(part('map', '{"0":["variables.input.file"]}'));
  sent.write(`--${BOUNDARY}\r\ncontent-disposition: form-data; name="0"; filename="half.txt"\r\n\r\n`);
  sent.write(Buffer.alloc(bytes, 'x'));
  await vi.waitFor(async () => expect((await storedFiles()).length).toBeGreaterThan(before), {
    timeout: 10_000,
  });
  sent.destroy();
}
