import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, startRedis } from '../services/index.ts';
import { answers, type Gateway } from './gateway-peers.ts';
import { freePort, programOf } from './platform-process.ts';

/** A million calls a minute for the tenant, its key and its route, and money that lasts: on, and never the reason. */
const PER_MINUTE = 1_000_000;
const BUDGET_MICROS = 1_000_000_000_000;

/** `apps/gateway` with the models in the same process, and a Postgres and a Redis of its own beside it. */
export interface GatewayProcess {
  url: string;
  /** The administrator's. */
  headers: Record<string, string>;
  pid: number;
  /** Connection string of a superuser. */
  databaseUrl: string;
  stop(): Promise<void>;
}

/** What a gateway stands on: a Postgres and a Redis of its own, its files and its keys. */
interface Ground {
  env: NodeJS.ProcessEnv;
  key: string;
  databaseUrl: string;
  clear(): Promise<void>;
}

async function prepareGround(): Promise<Ground> {
  const [postgres, redis] = await Promise.all([
    startPostgres({ settings: { shared_buffers: '256MB' } }),
    startRedis(),
  ]);
  const home = await mkdtemp(join(tmpdir(), 'midplane-bench-'));
  const key = `mp_${randomBytes(24).toString('base64url')}`;
  const env = {
    ...process.env,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    HOST: '127.0.0.1',
    MIDPLANE_HOME: home,
    MIDPLANE_ADMIN_KEY: key,
    MIDPLANE_MASTER_KEY: randomBytes(32).toString('base64'),
    RATE_LIMIT_PER_MINUTE: String(PER_MINUTE),
    LOG_LEVEL: 'error',
    NODE_ENV: 'production',
    // As in docker/Dockerfile.
    MALLOC_ARENA_MAX: '2',
  };
  const clear = async () => {
    await Promise.all([postgres.stop(), redis.stop()]);
    await rm(home, { recursive: true, force: true });
  };
  return { env, key, databaseUrl: postgres.url, clear };
}

/** A gateway's own process; `stop` leaves the ground as it is. @throws Error where it does not come up */
async function startOn({ env, key, databaseUrl }: Ground): Promise<GatewayProcess> {
  const port = await freePort();
  const child = spawn(process.execPath, programOf('gateway'), {
    env: { ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const kill = () => child.kill();
  process.once('exit', kill);
  const exited = once(child, 'exit');
  const stop = async () => {
    process.off('exit', kill);
    if (child.exitCode === null) child.kill('SIGTERM');
    await exited;
  };
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, () => child.exitCode === null).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { url, headers: { authorization: `Bearer ${key}` }, pid: child.pid!, databaseUrl, stop };
}

/**
 * Starts the gateway as it runs in production.
 * @param setUp where given: the gateway is set up by it and then started anew, as one that has been in use for long
 * @throws Error where it does not come up
 */
export async function startGatewayProcess(
  setUp?: (gateway: GatewayProcess) => Promise<void>,
): Promise<GatewayProcess> {
  const ground = await prepareGround();
  try {
    let gateway = await startOn(ground);
    if (setUp) {
      await setUp(gateway).finally(() => gateway.stop());
      gateway = await startOn(ground);
    }
    return { ...gateway, stop: () => gateway.stop().then(() => ground.clear()) };
  } catch (error) {
    await ground.clear();
    throw error;
  }
}

/**
 * The gateway with authentication, rate limits, limits and budgets of the tenant, the key and the route, and the
 * ledger on, before a model `bench` that has prices; started when that was set up.
 * @param upstream up to `/v1`
 */
export async function startMidplane(upstream: string): Promise<Gateway> {
  const started = await startGatewayProcess((fresh) => configure(fresh, upstream));
  const gateway: Gateway = { ...started, name: 'Midplane', baseUrl: `${started.url}/v1`, model: 'bench' };
  if (await answers(gateway)) return gateway;
  await gateway.stop();
  throw new Error('Midplane does not answer');
}

async function untilReady(url: string, runs: () => boolean): Promise<void> {
  for (let waited = 0; runs() && waited < 120_000; waited += 100) {
    const ready = await fetch(`${url}/health/live`).catch(() => undefined);
    if (ready?.ok) return;
    await sleep(100);
  }
  throw new Error('Midplane did not come up');
}

/** Makes something of a type of the schema. @returns its id. @throws Error with what the gateway says */
async function make({ url, headers }: GatewayProcess, type: string, mutation: string): Promise<string> {
  const query = `mutation { made: ${mutation} { ... on Problem { code message } ... on ${type} { id } } }`;
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = (await answer.json()) as { data?: { made?: { id?: string } }; errors?: unknown };
  if (!data?.made?.id) throw new Error(`The gateway was not set up: ${JSON.stringify(errors ?? data)}`);
  return data.made.id;
}

/** Makes a provider with one model that has prices. @returns the model's id */
export async function makeModel(gateway: GatewayProcess, name: string, baseUrl: string): Promise<string> {
  const providerId = await make(
    gateway,
    'ModelProvider',
    `createModelProvider(input: { name: "${name}", kind: "openai", baseUrl: "${baseUrl}", apiKey: "sk-none-0123456789" })`,
  );
  return make(
    gateway,
    'Model',
    `createModel(input: { providerId: "${providerId}", name: "${name}", upstreamName: "bench",
      promptPriceMicros: 1000000, completionPriceMicros: 2000000 })`,
  );
}

/** Makes a route. @param fallback id of the model that takes over */
export async function makeRoute(
  gateway: GatewayProcess,
  name: string,
  modelId: string,
  fallback?: string,
): Promise<string> {
  const fallbacks = fallback ? `, fallbacks: ["${fallback}"]` : '';
  return make(
    gateway,
    'ModelRoute',
    `createModelRoute(name: "${name}", plan: { targets: [{ modelId: "${modelId}" }]${fallbacks} })`,
  );
}

async function configure(gateway: GatewayProcess, upstream: string): Promise<void> {
  await makeRoute(gateway, 'bench', await makeModel(gateway, 'upstream', upstream));
  for (const [scope, subject] of Object.entries({ tenant: '', key: '*', route: 'bench' })) {
    await make(
      gateway,
      'ModelLimit',
      `setModelLimit(input: { scope: "${scope}", subject: "${subject}", requestsPerMinute: ${PER_MINUTE},
        tokensPerMinute: ${PER_MINUTE * 1000}, budgetMicros: ${BUDGET_MICROS} })`,
    );
  }
}
