import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { newId, type Principal, type ServiceClient, ServiceRegistry, type UserError } from '@midplane/kernel';
import {
  asPrincipal,
  createPrincipal,
  FakeChatServer,
  type SourceProcess,
  startFromSource,
  testRedis,
  type TestRedis,
} from '@midplane/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { addModel, addRoute, type BootedModels, bootModels, HI } from '../testing/boot-models.js';
import { type Demand, LIMIT_STORE, type LimitStore } from './limit-store.port.js';
import { PostgresLimitStore } from './postgres.limit-store.js';
import { RedisLimitStore } from './redis.limit-store.js';

/** "hi" is estimated at 9 tokens, and the answer may have 10: the estimate is what the call takes. */
const MAX_TOKENS = 10;
const USAGE = { prompt_tokens: 9, completion_tokens: 10 };
const PRICES = { promptPriceMicros: 1_000_000, completionPriceMicros: 2_000_000 };
const COST = 29;

let server: FakeChatServer;
let redis: TestRedis;
beforeAll(async () => {
  server = await FakeChatServer.start();
  redis = await testRedis();
});
afterAll(async () => {
  await redis?.close();
  await server?.close();
});
beforeEach(() => server.reply({ steps: [{ text: 'ok' }, { finish: 'stop' }], usage: USAGE }));

/** @returns 'ok', or the code of the problem */
async function call(models: ServiceClient<'models'>, model: string): Promise<string> {
  return models.complete({ model, messages: HI, maxTokens: MAX_TOKENS }).then(
    () => 'ok',
    (error: UserError) => error.code,
  );
}
async function times(
  models: ServiceClient<'models'>,
  model: string,
  n: number,
): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (const outcome of await Promise.all(Array.from({ length: n }, () => call(models, model)))) {
    counted[outcome] = (counted[outcome] ?? 0) + 1;
  }
  return counted;
}

describe.each(['Postgres', 'Redis'])('limits counted in %s', (where) => {
  let booted: BootedModels;
  let model: string;
  beforeAll(async () => {
    booted = await bootModels(where === 'Redis' ? { REDIS_URL: redis.url } : {});
  });
  afterAll(() => booted?.close());

  /** A tenant of its own with one model. */
  async function tenant(): Promise<Principal> {
    const admin = await createPrincipal(booted.modules.kernel.database);
    await asPrincipal(admin, async () => {
      model = (await addModel(booted, server.url, { more: PRICES })).name;
    });
    return admin;
  }
  const spentOf = async () => (await booted.models.limits())[0]!.spentMicros;

  it('a budget admits what it covers, to the micro-unit, and tells what is spent', async () => {
    await asPrincipal(await tenant(), async () => {
      await booted.models.setLimit({ scope: 'tenant', budgetMicros: 10 * COST + 28 });
      expect(await times(booted.models, model, 40)).toEqual({ ok: 10, MODEL_BUDGET_SPENT: 30 });
      await booted.ledger();
      expect(await spentOf()).toBe(10 * COST);
      expect(server.requests).toHaveLength(10);
    });
  });

  it('a call that fails, or is shorter than it might be, gives back what it did not need', async () => {
    await asPrincipal(await tenant(), async () => {
      await booted.models.setLimit({ scope: 'tenant', budgetMicros: COST });
      server.reply({ status: 401 });
      expect(await call(booted.models, model)).toBe('MODEL_UNAVAILABLE');
      await booted.ledger();
      server.reply({
        steps: [{ text: 'ok' }, { finish: 'stop' }],
        usage: { prompt_tokens: 0, completion_tokens: 0 },
      });
      expect(await call(booted.models, model)).toBe('ok');
      await booted.ledger();
      server.reply({ steps: [{ text: 'ok' }, { finish: 'stop' }], usage: USAGE });
      expect(await call(booted.models, model)).toBe('ok');
      await booted.ledger();
      expect(await call(booted.models, model)).toBe('MODEL_BUDGET_SPENT');
      expect(await spentOf()).toBe(COST);
    });
  });

  it('what a killed process had set aside lapses', async () => {
    const admin = await tenant();
    await asPrincipal(admin, async () => {
      const limit = await booted.models.setLimit({
        scope: 'tenant',
        budgetMicros: COST,
        budgetPeriod: 'total',
      });
      const store = booted.modules.get<LimitStore>(LIMIT_STORE);
      const demand = { limit, subject: '', period: 'total', tokens: 19, micros: COST };
      expect(await store.reserve(admin.tenantId, newId(), [demand])).toBeUndefined();
      expect(await call(booted.models, model)).toBe('MODEL_BUDGET_SPENT');
      await booted.modules.kernel.database.dataSource.query(
        `update model_reservation set expires_at = now() - interval '1 second'`,
      );
      if (where === 'Redis') {
        const client = new Redis(redis.url);
        const held = `midplane:{${admin.tenantId}}:limit:${limit.id}::total:held`;
        const [member] = await client.zrange(held, 0, 0);
        await client.zadd(held, 1, member!);
        await client.quit();
      }
      expect(await call(booted.models, model)).toBe('ok');
    });
  });

  it('requests and tokens a minute are counted by user, by route, and for each of them', async () => {
    const admin = await tenant();
    await asPrincipal(admin, async () => {
      await booted.models.setLimit({ scope: 'user', subject: '*', requestsPerMinute: 3 });
      expect(await times(booted.models, model, 5)).toEqual({ ok: 3, MODEL_RATE_LIMITED: 2 });
      const rows = (await booted.ledger()).slice(-5);
      expect(rows.map(({ outcome }) => outcome).sort()).toEqual([
        ...['MODEL_RATE_LIMITED', 'MODEL_RATE_LIMITED'],
        ...['ok', 'ok', 'ok'],
      ]);
    });
    const { tenantId } = admin;
    const other = await createPrincipal(booted.modules.kernel.database, { tenantId, roles: ['application'] });
    await asPrincipal(other, async () => expect(await call(booted.models, model)).toBe('ok'));

    const routed = await tenant();
    await asPrincipal(routed, async () => {
      const { id } = (await booted.models.models({}))[0]!;
      const route = await addRoute(booted, { targets: [{ modelId: id }] });
      await booted.models.setLimit({ scope: 'route', subject: route.name, tokensPerMinute: 60 });
      const counted = await times(booted.models, route.name, 5);
      expect(counted).toEqual({ ok: 3, MODEL_RATE_LIMITED: 2 });
      expect(await call(booted.models, model)).toBe('ok');
      const refused = await booted.models
        .complete({ model: route.name, messages: HI, maxTokens: MAX_TOKENS })
        .catch((error: UserError) => error);
      expect(refused).toMatchObject({
        problem: { params: { what: 'tokens', scope: 'route', retryAfterMs: expect.any(Number) } },
      });
    });
  });

  it('tokens that a call did not need are there for the next', async () => {
    await asPrincipal(await tenant(), async () => {
      await booted.models.setLimit({ scope: 'tenant', tokensPerMinute: 20 });
      server.reply({
        steps: [{ text: '' }, { finish: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 0 },
      });
      for (let i = 0; i < 2; i++) {
        expect(await call(booted.models, model)).toBe('ok');
        await booted.ledger();
      }
    });
  });
});

describe('while Redis', () => {
  let booted: BootedModels;
  beforeAll(async () => {
    booted = await bootModels({ REDIS_URL: redis.url });
  });
  afterAll(() => booted?.close());

  it('is lost and comes back empty, a spent budget stays spent', () =>
    booted.as(async () => {
      const { name } = await addModel(booted, server.url, { more: PRICES });
      await booted.models.setLimit({ scope: 'tenant', budgetMicros: 3 * COST });
      expect(await times(booted.models, name, 2)).toEqual({ ok: 2 });
      await booted.ledger();
      await redis.restart();
      expect(await times(booted.models, name, 5)).toEqual({ ok: 1, MODEL_BUDGET_SPENT: 4 });
      const rows = await booted.ledger();
      expect(
        rows
          .slice(-5)
          .map(({ outcome, attempts }) => `${outcome} ${attempts}`)
          .sort(),
      ).toEqual([...Array.from({ length: 4 }, () => 'MODEL_BUDGET_SPENT 0'), 'ok 1']);
      expect(server.requests).toHaveLength(3);
      await expect.poll(async () => call(booted.models, name)).toBe('MODEL_BUDGET_SPENT');
    }));
});

describe('leases in Redis', () => {
  let booted: BootedModels;
  beforeAll(async () => {
    booted = await bootModels();
  });
  afterAll(() => booted?.close());

  const connect = () => new Redis(redis.url, { maxRetriesPerRequest: 0 });
  const open = () =>
    new RedisLimitStore(
      connect(),
      booted.modules.kernel.database,
      new PostgresLimitStore(booted.modules.kernel.database),
      booted.modules.kernel.logger,
    );
  /** Of one script, since Redis started. */
  async function scriptsRun(client: Redis): Promise<number> {
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0);
  }
  async function budget(calls: number): Promise<Limit> {
    const admin = await createPrincipal(booted.modules.kernel.database);
    return asPrincipal(admin, async () => {
      const budgetMicros = calls * COST;
      const limit = await booted.models.setLimit({ scope: 'tenant', budgetMicros, budgetPeriod: 'total' });
      return { ...limit, tenantId: admin.tenantId };
    });
  }
  type Limit = Demand['limit'] & { tenantId: string };

  /** One process that calls as fast as it can, eight calls at a time, until it is refused or has had its share. */
  async function spend(store: LimitStore, limit: Limit, most: number): Promise<number> {
    const demand: Demand = { limit, subject: '', period: 'total', tokens: 19, micros: COST };
    let admitted = 0;
    let begun = 0;
    const caller = async () => {
      while (begun++ < most) {
        const callId = newId();
        if (await store.reserve(limit.tenantId, callId, [demand])) return;
        admitted++;
        await setTimeout(1);
        store.settle({ tenantId: limit.tenantId, callId, demands: [demand], tokens: 19, micros: COST });
      }
    };
    await Promise.all(Array.from({ length: 8 }, caller));
    return admitted;
  }

  it('three processes that call until the end of a budget never overspend it, and leave next to nothing', async () => {
    const limit = await budget(3_000);
    const stores = [open(), open(), open()];
    const admitted = await Promise.all(stores.map((store) => spend(store, limit, Infinity)));
    const sum = admitted.reduce((a, b) => a + b);
    expect(sum).toBeLessThanOrEqual(3_000);
    expect(sum).toBeGreaterThanOrEqual(2_800);
    await Promise.all(stores.map((store) => store.close()));
    const client = connect();
    const key = `midplane:{${limit.tenantId}}:limit:${limit.id}::total`;
    expect(await client.hgetall(key)).toEqual({ spent: String(sum * COST), reserved: '0' });
    expect(await client.zcard(`${key}:held`)).toBe(0);
    await client.quit();
  });

  it('are one step for many calls, and what is shared is not counted twice', async () => {
    const limit = await budget(1_000_000);
    const client = connect();
    const store = open();
    const before = await scriptsRun(client);
    // Each for itself they would be 2,000.
    expect(await spend(store, limit, 1_000)).toBe(1_000);
    expect((await scriptsRun(client)) - before).toBeLessThan(1_000);
    // As the ledger does: first what this process has settled, then what Postgres knows.
    await store.share(limit.tenantId);
    await store.learn(limit.tenantId, [
      { limitId: limit.id, subject: '', period: 'total', micros: 1_000 * COST },
    ]);
    await store.close();
    const key = `midplane:{${limit.tenantId}}:limit:${limit.id}::total`;
    expect(await client.hgetall(key)).toEqual({ spent: String(1_000 * COST), reserved: '0' });
    await client.quit();
  });
});

/** @returns a port that nobody listens on */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

describe.each(['Postgres', 'Redis'])('three processes that count in %s', (where) => {
  const processes: SourceProcess[] = [];
  const clients: ServiceClient<'models'>[] = [];
  let booted: BootedModels;

  beforeAll(async () => {
    const shared = {
      MIDPLANE_MASTER_KEY: randomBytes(32).toString('base64'),
      ...(where === 'Redis' ? { REDIS_URL: redis.url } : {}),
    };
    booted = await bootModels(shared);
    for (let i = 0; i < 3; i++) {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      processes.push(
        startFromSource('apps/models/src/main.ts', {
          ...shared,
          DATABASE_URL: booted.modules.databaseUrl,
          MIDPLANE_HOME: booted.modules.home,
          PORT: String(port),
          LOG_LEVEL: 'error',
        }),
      );
      clients.push(new ServiceRegistry({ models: url }, booted.modules.kernel.contextToken).client('models'));
      await vi.waitFor(
        async () => {
          const { status } = await fetch(`${url}/health/ready`);
          if (status !== 200) throw new Error(`It is not ready: ${processes[i]!.errors()}`);
        },
        { timeout: 120_000, interval: 200 },
      );
    }
  });
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.kill()));
    await booted?.close();
  });

  it('stream over HTTP, and stop the model when the reader goes away', async () => {
    const reader = await createPrincipal(booted.modules.kernel.database);
    const { name } = await asPrincipal(reader, () => addModel(booted, server.url));
    server.reply({ steps: [{ text: 'half' }, { text: 'more' }, { hang: true }] });
    await asPrincipal(reader, async () => {
      let text = '';
      for await (const event of await clients[0]!.chat({ model: name, messages: HI })) {
        if (event.type === 'text') text += event.text;
        if (text === 'halfmore') break;
      }
    });
    await expect.poll(() => server.aborted).toBe(1);
  });

  it('overspend a budget by at most one call, of 200 at once', async () => {
    const model = await booted.as(async () => {
      const { name } = await addModel(booted, server.url, { more: PRICES });
      await booted.models.setLimit({ scope: 'tenant', budgetMicros: 20 * COST });
      return name;
    });
    // While they run, all that is set aside is still set aside: what is admitted must fit beside it.
    server.reply({ steps: [{ pauseMs: 300 }, { text: 'ok' }, { finish: 'stop' }], usage: USAGE });
    const outcomes = await booted.as(() =>
      Promise.all(Array.from({ length: 200 }, (_, i) => call(clients[i % 3]!, model))),
    );
    const admitted = outcomes.filter((outcome) => outcome === 'ok').length;
    expect(new Set(outcomes)).toEqual(new Set(['ok', 'MODEL_BUDGET_SPENT']));
    expect(admitted).toBeGreaterThanOrEqual(20);
    expect(admitted).toBeLessThanOrEqual(21);
    expect(server.requests).toHaveLength(admitted);
    // Each process writes its rows a moment later.
    const spent = () => booted.as(async () => (await booted.models.limits())[0]!.spentMicros);
    await expect.poll(spent).toBe(admitted * COST);
    const [row] = await booted.modules.kernel.database.dataSource.query(
      `select sum(cost_micros)::int as cost, count(*)::int as calls from model_call where outcome = 'ok' and tenant_id = $1`,
      [booted.admin.tenantId],
    );
    expect(row).toEqual({ cost: admitted * COST, calls: admitted });
  });
});
