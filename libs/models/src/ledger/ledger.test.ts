import { randomUUID } from 'node:crypto';
import { dropOldPartitions, ensureMonthlyPartitions } from '@midplane/kernel';
import { asPrincipal, createPrincipal, FakeChatServer } from '@midplane/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CallRecord } from './call-record.js';
import { additionOf } from './ledger.repository.js';
import { addModel, addRoute, ask, type BootedModels, bootModels } from '../testing/boot-models.js';

let booted: BootedModels;
let server: FakeChatServer;
beforeAll(async () => {
  server = await FakeChatServer.start();
  booted = await bootModels();
});
afterAll(async () => {
  await booted?.close();
  await server?.close();
});

it('sums up calls by day, user, key, model, route, agent and knowledge base', async () => {
  const { tenantId } = booted.admin;
  const { database } = booted.modules.kernel;
  const other = await createPrincipal(database, { tenantId, roles: ['application'] });
  const apiKeyId = randomUUID();
  const [agentId, baseA, baseB] = [randomUUID(), randomUUID(), randomUUID()];
  const { model, route } = await booted.as(async () => {
    const more = { promptPriceMicros: 1_000_000, completionPriceMicros: 10_000_000 };
    const made = await addModel(booted, server.url, { more });
    return { model: made.name, route: (await addRoute(booted, { targets: [{ modelId: made.id }] })).name };
  });
  server.say('fine');
  await booted.as(async () => {
    await ask(booted, { model: route, agentId, knowledgeBaseIds: [baseA, baseB] });
    await ask(booted, { model });
  });
  await asPrincipal({ ...other, apiKeyId }, async () => {
    await ask(booted, { model: route, knowledgeBaseIds: [baseA] });
    server.reply({ status: 401 });
    await ask(booted, { model: route });
  });
  await booted.ledger();
  const from = new Date(Date.now() - 60_000);
  const to = new Date(Date.now() + 60_000);
  const by = (groupBy: Parameters<typeof booted.models.usage>[0]['groupBy']) =>
    booted.as(() => booted.models.usage({ from, to, groupBy }));
  const answered = { promptTokens: 120, completionTokens: 12, costMicros: 240, errors: 0 };

  expect(await by('DAY')).toMatchObject([
    { calls: 4, promptTokens: 360, completionTokens: 36, costMicros: 720, cacheHits: 0, errors: 1 },
  ]);
  expect(await by('USER')).toMatchObject([
    { key: booted.admin.userId, calls: 2, costMicros: 480, errors: 0 },
    { key: other.userId, calls: 2, costMicros: 240, errors: 1 },
  ]);
  expect(await by('API_KEY')).toMatchObject([{ key: apiKeyId, calls: 2 }]);
  expect(await by('MODEL')).toMatchObject([{ key: model, calls: 4 }]);
  expect(await by('ROUTE')).toMatchObject([{ key: route, calls: 3 }]);
  expect(await by('AGENT')).toMatchObject([{ key: agentId, calls: 1, ...answered }]);
  expect(await by('KNOWLEDGE_BASE')).toMatchObject([
    { key: baseA, calls: 2 },
    { key: baseB, calls: 1, ...answered },
  ]);
  const [row] = await by('DAY');
  expect(row!.p95Ms).toBeGreaterThanOrEqual(row!.p50Ms);
  expect(
    await booted.as(() => booted.models.usage({ from: to, to: new Date(+to + 1), groupBy: 'DAY' })),
  ).toEqual([]);
  await expect(
    booted.as(() => booted.models.usage({ from: to, to: from, groupBy: 'DAY' })),
  ).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  });
});

it('keeps each row as it was, whatever the rows written with it have alike', async () => {
  const { tenantId, userId } = booted.admin;
  const { database } = booted.modules.kernel;
  const traceId = randomUUID();
  const first: CallRecord = {
    ...{
      id: randomUUID(),
      tenantId,
      at: new Date('2026-11-22T03:04:05.678Z'),
      userId,
      apiKeyId: null,
      traceId,
    },
    ...{
      kind: 'CHAT',
      askedFor: '',
      routeId: null,
      route: null,
      routeVersion: null,
      firstDeploymentId: null,
    },
    ...{
      firstAnswered: true,
      canary: false,
      shadowOf: null,
      deploymentId: null,
      model: 'a',
      modelVersion: null,
    },
    ...{
      provider: null,
      outcome: 'ok',
      cache: 'off',
      promptTokens: 1,
      completionTokens: 2,
      usageEstimated: true,
    },
    ...{ costMicros: 3, firstTokenMs: null, totalMs: 0.5, overheadMs: 0.25, attempts: 1, restarts: 0 },
    ...{ agentId: null, knowledgeBaseIds: [] },
  };
  const others: Partial<CallRecord>[] = [
    { model: `it's "b"\\, {null}`, firstTokenMs: 1.5, at: new Date('2026-11-22T03:04:05.679Z') },
    { model: null, modelVersion: 'null', cache: 'miss', knowledgeBaseIds: [randomUUID(), randomUUID()] },
    { model: '问答', canary: true, apiKeyId: randomUUID(), costMicros: 9_007_199_254_740_991 },
  ];
  const rows = [first, ...others.map((other) => ({ ...first, id: randomUUID(), ...other }))];
  for (const written of [rows.slice(0, 1), rows.slice(1), rows]) {
    const batch = written.map((row) => ({ ...row, id: randomUUID() }));
    await database.batchOf(tenantId, [additionOf(batch)]);
    const found = await database.tenantOf(tenantId, (manager) =>
      manager.query<Record<string, unknown>[]>('select * from model_call where id = any($1)', [
        batch.map(({ id }) => id),
      ]),
    );
    for (const row of batch) {
      const kept = found.find(({ id }) => id === row.id)!;
      const said = Object.fromEntries(
        Object.entries(row).map(([field, value]) => [
          field.replace(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`),
          field === 'costMicros' ? String(value) : value,
        ]),
      );
      expect(kept).toEqual({ ...said, score: null });
    }
  }
});

it('can be added to, and never changed but for its scores', async () => {
  const { database } = booted.modules.kernel;
  for (const sql of ['delete from model_call', 'update model_call set cost_micros = 0']) {
    await expect(booted.as(() => database.tenant((manager) => manager.query(sql)))).rejects.toThrow(
      /permission/,
    );
  }
});

it('is kept by months: old ones go, the rows of the others stay', async () => {
  const { dataSource } = booted.modules.kernel.database;
  for (const month of ['2025-01-15', '2025-02-15', '2025-03-15']) {
    await ensureMonthlyPartitions(dataSource, new Date(`${month}T00:00:00Z`));
  }
  const now = new Date('2025-04-02T00:00:00Z');
  expect(await dropOldPartitions(dataSource, 'model_call', 2, now)).toEqual([
    'model_call_2025_01',
    'model_call_2025_02',
  ]);
  expect(await dropOldPartitions(dataSource, 'model_call', 2, now)).toEqual([]);
  const [kept] = await dataSource.query(`select to_regclass('model_call_2025_03') is not null as kept`);
  expect(kept).toEqual({ kept: true });
  expect((await booted.ledger()).length).toBeGreaterThan(0);
});
