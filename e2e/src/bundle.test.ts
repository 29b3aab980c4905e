import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  FakeChatServer,
  fakeS3,
  type PostgresTestDatabase,
  testDatabase,
  testRedis,
  type TestRedis,
} from '@midplane/testing';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Api } from './client.js';
import { freePort, ROOT, type Running, startApp } from './process.js';

/** As the container image runs it: docker/bundle.mjs and docker/run-app. */
const bundleOf = (app: string) => [
  '--import',
  `${ROOT}/docker/source-maps.mjs`,
  `${ROOT}/dist/bundles/${app}/main.js`,
];
const program = bundleOf('gateway');
const adminKey = `mp_${randomBytes(32).toString('base64url')}`;
const json = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };

let database: PostgresTestDatabase;
let redis: TestRedis;
let model: FakeChatServer;
let home: string;
let env: NodeJS.ProcessEnv;
let gateway: Running;

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [`${ROOT}/docker/bundle.mjs`, 'gateway', 'models']);
  [database, redis, model] = await Promise.all([testDatabase(), testRedis(), FakeChatServer.start()]);
  home = await mkdtemp(join(tmpdir(), 'midplane-e2e-'));
  env = {
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    MIDPLANE_HOME: home,
    MIDPLANE_ADMIN_KEY: adminKey,
    MIDPLANE_MASTER_KEY: randomBytes(32).toString('base64'),
    LLM_BASE_URL: model.url,
    LLM_MODEL: 'small',
  };
  gateway = await startApp('gateway', await freePort(), env, program);
});
afterAll(async () => {
  await gateway?.stop();
  await Promise.all([database?.close(), redis?.close(), model?.close()]);
  if (home) await rm(home, { recursive: true, force: true });
});

const chat = (body: object) =>
  fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ model: 'default', messages: [{ role: 'user', content: '你好' }], ...body }),
  });

it('answers GraphQL, and says what is wrong in Chinese', async () => {
  const made = await new Api(gateway, adminKey).run<{ made: { id: string } }>(
    `mutation { made: createModelProvider(input: { name: "p", kind: "openai", baseUrl: "${model.url}", apiKey: "sk-0123456789" })
      { ... on ModelProvider { id } } }`,
  );
  expect(made.made.id).toMatch(/^[0-9a-f-]{36}$/);
  const { failed } = await new Api(gateway, adminKey, 'zh-CN').run<{ failed: { message: string } }>(
    'mutation { failed: createModel(input: { providerId: "none", name: "m", upstreamName: "m" }) { ... on Problem { message } } }',
  );
  expect(failed.message).toMatch(/[\u4e00-\u9fff]/);
});

it('shows the page for queries', async () => {
  const page = await fetch(`${gateway.url}/graphql`, { headers: { accept: 'text/html' } });
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(await page.text()).toContain('GraphiQL');
});

it('calls a model, whole and streamed', async () => {
  model.say('你', '好', '!');
  const whole = (await (await chat({})).json()) as { choices: { message: { content: string } }[] };
  expect(whole.choices[0]!.message.content).toBe('你好!');
  const stream = await (await chat({ stream: true })).text();
  expect(stream.match(/^data: /gm)!.length).toBeGreaterThan(2);
  expect(stream).toContain('[DONE]');
});

it('takes operations over a WebSocket', async () => {
  const url = `${gateway.url.replace('http', 'ws')}/graphql`;
  const client = createClient({ url, connectionParams: { authorization: json.authorization } });
  const results: unknown[] = [];
  for await (const result of client.iterate({ query: '{ status { version } }' })) results.push(result);
  expect(results).toMatchObject([{ data: { status: { version: expect.stringMatching(/^\d/) } } }]);
  await client.dispose();
});

it('says that it is ready, and its version', async () => {
  expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);
  const { version } = JSON.parse(await readFile(`${ROOT}/package.json`, 'utf8')) as { version: string };
  const { status } = await new Api(gateway, adminKey).run<{ status: object }>('{ status { version } }');
  expect(status).toEqual({ version });
});

it('names lines of the sources where it fails', async () => {
  const unwritable = { ...env, MIDPLANE_HOME: `${ROOT}/package.json` };
  const started = startApp('gateway', await freePort(), unwritable, program);
  await expect(started).rejects.toThrow(/libs\/kernel\/src\/[\w/.-]+\.ts:\d+/);
});

it('starts the models, with the files in object storage', async () => {
  const s3 = await fakeS3();
  const storage = {
    S3_ENDPOINT: s3.endpoint,
    S3_BUCKET: 'midplane',
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
  };
  const models = await startApp('models', await freePort(), { ...env, ...storage }, bundleOf('models'));
  expect((await fetch(`${models.url}/health/ready`)).status).toBe(200);
  await models.stop();
  await s3.close();
});
