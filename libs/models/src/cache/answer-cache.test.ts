import { inferenceConfig, InferenceModule, inferenceOptions } from '@midplane/inference';
import { type Principal, readConfig } from '@midplane/kernel';
import { ingestConfig, IngestModule, KNOWLEDGE_ENTITIES, RetrievalModule } from '@midplane/knowledge';
import { SESSIONS_ENTITIES, SessionsModule } from '@midplane/sessions';
import {
  asPrincipal,
  createKnowledgeBase,
  createPrincipal,
  FakeChatServer,
  ingestDocument,
} from '@midplane/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  addModel,
  addRoute,
  ask,
  type Asked,
  type BootedModels,
  bootModels,
} from '../testing/boot-models.js';

let server: FakeChatServer;
let booted: BootedModels;

beforeAll(async () => {
  server = await FakeChatServer.start();
  const config = readConfig({}, inferenceConfig, ingestConfig);
  booted = await bootModels(
    { MODEL_CACHE_ENTRIES: '4' },
    {
      entities: [...KNOWLEDGE_ENTITIES, ...SESSIONS_ENTITIES],
      modules: (kernel) => [
        InferenceModule.forRoot(inferenceOptions({ ...config, ...kernel.config })),
        IngestModule.forRoot(config),
        RetrievalModule,
        SessionsModule,
      ],
    },
  );
});
afterAll(async () => {
  await booted?.close();
  await server?.close();
});
beforeEach(() => server.say('ans', 'wer'));

interface Cached {
  admin: Principal;
  route: string;
}
async function tenant(mode: 'exact' | 'semantic'): Promise<Cached> {
  const admin = await createPrincipal(booted.modules.kernel.database);
  return asPrincipal(admin, async () => {
    const { id } = await addModel(booted, server.url, { more: { promptPriceMicros: 1_000_000 } });
    const plan = { targets: [{ modelId: id }], cache: { mode, minCosine: 0.9 } };
    return { admin, route: (await addRoute(booted, plan)).name };
  });
}
const question = (who: Principal, model: string, content: string, more = {}): Promise<Asked> =>
  asPrincipal(who, () => ask(booted, { model, messages: [{ role: 'user', content }], ...more }));
const kindOf = (asked: Asked) => asked.result?.cache;

describe('a route that caches', () => {
  it('asks the model once for the same, and says so', async () => {
    const { admin, route } = await tenant('exact');
    const first = await question(admin, route, 'What is a lease?');
    const second = await question(admin, route, 'What is a lease?');
    expect([kindOf(first), kindOf(second)]).toEqual(['miss', 'exact']);
    expect(second.events.map(({ type }) => type)).toEqual(['started', 'text', 'done']);
    expect(second.result).toMatchObject({ text: 'answer', usage: { costMicros: 0 } });
    expect(second.result!.callId).not.toBe(first.result!.callId);
    expect(server.requests).toHaveLength(1);
    const rows = (await booted.ledger()).slice(-2);
    expect(rows).toMatchObject([
      { cache: 'miss', attempts: 1, cost_micros: '120' },
      { cache: 'exact', attempts: 0, cost_micros: '0', outcome: 'ok' },
    ]);
  });

  it('asks it again for other messages, parameters or versions, or where the caller wants no cache', async () => {
    const { admin, route } = await tenant('exact');
    await question(admin, route, 'one');
    for (const more of [{ temperature: 1 }, { maxTokens: 9 }, { cache: 'off' }, { stop: ['x'] }]) {
      expect(kindOf(await question(admin, route, 'one', more))).not.toBe('exact');
    }
    expect(kindOf(await question(admin, route, 'two'))).toBe('miss');
    expect(server.requests).toHaveLength(6);
  });

  it('never gives a tenant what another asked, nor keeps what broke off', async () => {
    const a = await tenant('semantic');
    const b = await tenant('semantic');
    await question(a.admin, a.route, 'How many days of annual leave do I get?');
    const asked = await question(b.admin, b.route, 'How many days of annual leave do I get?');
    expect(kindOf(asked)).toBe('miss');

    server.reply({ steps: [{ text: 'half' }, { finish: 'length' }] });
    expect(kindOf(await question(a.admin, a.route, 'long'))).toBe('miss');
    expect(kindOf(await question(a.admin, a.route, 'long'))).toBe('miss');
  });

  it('keeps no more than it may', async () => {
    const { admin, route } = await tenant('exact');
    for (let i = 0; i < 13; i++) await question(admin, route, `question ${i}`);
    const [row] = await booted.modules.kernel.database.dataSource.query(
      'select count(*)::int as count from model_cache where tenant_id = $1',
      [admin.tenantId],
    );
    expect(row.count).toBeLessThanOrEqual(8);
    expect(kindOf(await question(admin, route, 'question 12'))).toBe('exact');
    expect(kindOf(await question(admin, route, 'question 0'))).toBe('miss');
  });

  it('by meaning finds the same question in other words, and nothing of another number, name or denial', async () => {
    const { admin, route } = await tenant('semantic');
    await question(admin, route, 'How many days of annual leave do I get?');
    const again = await question(admin, route, 'how many annual leave days do we have');
    expect([kindOf(again), again.text]).toEqual(['semantic', 'answer']);
    for (const other of [
      'How many days of sick leave do I get?',
      'How many days of annual leave do I not get?',
    ]) {
      expect(kindOf(await question(admin, route, other))).toBe('miss');
    }
    const { tenantId } = admin;
    const colleague = await createPrincipal(booted.modules.kernel.database, { tenantId });
    expect(kindOf(await question(colleague, route, 'How many days of annual leave do I get?'))).toBe('miss');
  });

  it('gives an answer from documents only while they are as they were, and forgets it with them', async () => {
    const { admin, route } = await tenant('exact');
    const { kernel } = booted.modules;
    const documentId = await asPrincipal(admin, async () => {
      const { id } = await createKnowledgeBase(kernel);
      const content = 'Staff get 15 days.';
      return (await ingestDocument(kernel, { knowledgeBaseId: id, fileName: 'a.md', content })).id;
    });
    const more = { documentIds: [documentId] };
    expect(kindOf(await question(admin, route, 'How many?', more))).toBe('miss');
    expect(kindOf(await question(admin, route, 'How many?', more))).toBe('exact');

    const { dataSource } = kernel.database;
    await dataSource.query('update document set updated_at = now() where id = $1', [documentId]);
    expect(kindOf(await question(admin, route, 'How many?', more))).toBe('miss');

    const kept = async () =>
      (await dataSource.query('select from model_cache where $1 = any(document_ids)', [documentId])).length;
    expect(await kept()).toBe(1);
    await asPrincipal(admin, () => kernel.registry.client('ingest').deleteDocument({ id: documentId }));
    expect(await kept()).toBe(0);
  });
});
