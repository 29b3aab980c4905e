import { parseArgs } from 'node:util';
import { startPostgres } from '../services/index.ts';
import { type Gateway, memoryOf, startLiteLlm, startPortkey, startUpstream } from './gateway-peers.ts';
import { startPlatform } from './platform-process.ts';

/**
 * `npm run bench:gateway`: this gateway, with authentication, limits and ledger on, Portkey's and LiteLLM's before one
 * and the same fake model, in one run: added latency and requests a second at 1, 16 and 64 connections, what a stream
 * waits longer for its first token, memory. `-- --seconds 10 --only midplane,portkey`.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    only: { type: 'string', default: 'midplane,portkey,litellm' },
  },
});
const SECONDS = Number(values.seconds);
const CONNECTIONS = [1, 16, 64];
const WARM_UP_MS = 2_000;
const say = (line: string) => process.stderr.write(`${line}\n`);

interface Load {
  /** Milliseconds, sorted. */
  times: number[];
  perSecond: number;
  failed: number;
}

async function ask(gateway: Gateway, content: string, stream: boolean): Promise<Response> {
  return fetch(`${gateway.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...gateway.headers },
    body: JSON.stringify({
      model: gateway.model,
      messages: [{ role: 'user', content }],
      stream,
      max_tokens: 100,
    }),
  });
}

/** Keeps so many requests going. @param once gives the time of one, in ms; undefined where it failed */
async function load(connections: number, ms: number, once: () => Promise<number | undefined>): Promise<Load> {
  const times: number[] = [];
  let failed = 0;
  const begun = performance.now();
  const worker = async () => {
    while (performance.now() - begun < ms) {
      const time = await once();
      if (time === undefined) failed++;
      else times.push(time);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const seconds = (performance.now() - begun) / 1000;
  return { times: times.sort((a, b) => a - b), perSecond: times.length / seconds, failed };
}

const whole = (gateway: Gateway) => async (): Promise<number | undefined> => {
  const begun = performance.now();
  const answer = await ask(gateway, 'hi', false);
  await answer.text();
  return answer.ok ? performance.now() - begun : undefined;
};

/** Time to the first token of a stream. */
const firstToken = (gateway: Gateway) => async (): Promise<number | undefined> => {
  const begun = performance.now();
  const answer = await ask(gateway, 'paced', true);
  let first: number | undefined;
  let text = '';
  for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (first === undefined && text.includes('"content":"token ')) first = performance.now() - begun;
  }
  return text.includes('[DONE]') ? first : undefined;
};

const at = (times: number[], share: number) => times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? NaN;

interface Row {
  gateway: string;
  what: string;
  connections: number;
  load: Load;
}

async function measure(gateway: Gateway, rows: Row[]): Promise<{ before: number; after: number }> {
  await load(16, WARM_UP_MS, whole(gateway));
  const before = await memoryOf(gateway.pid);
  for (const connections of CONNECTIONS) {
    for (const [what, once] of [
      ['whole', whole(gateway)],
      ['first token', firstToken(gateway)],
    ] as const) {
      const measured = await load(connections, SECONDS * 1000, once);
      rows.push({ gateway: gateway.name, what, connections, load: measured });
      say(`${gateway.name}: ${what} at ${connections}: ${measured.perSecond.toFixed(0)}/s`);
    }
  }
  return { before, after: await memoryOf(gateway.pid) };
}

async function startMidplane(upstream: string): Promise<Gateway> {
  const postgres = await startPostgres({ settings: { shared_buffers: '256MB' } });
  const platform = await startPlatform(postgres.url, {
    LLM_BASE_URL: upstream,
    LLM_MODEL: 'bench',
    RATE_LIMIT_PER_MINUTE: '1000000',
  });
  const headers = { authorization: `Bearer ${platform.key}` };
  const limit = `mutation { setModelLimit(input: { scope: "tenant", requestsPerMinute: 1000000000,
    tokensPerMinute: 1000000000, budgetMicros: 1000000000000 }) { __typename } }`;
  const answer = await fetch(`${platform.url}/graphql`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ query: limit }),
  });
  if (!(await answer.text()).includes('ModelLimit')) throw new Error('The limit was not set.');
  const stop = async () => {
    await platform.stop();
    await postgres.stop();
  };
  return {
    name: 'Midplane',
    baseUrl: `${platform.url}/v1`,
    headers,
    model: 'bench',
    pid: platform.pid,
    stop,
  };
}

const upstream = await startUpstream();
const rows: Row[] = [];
const memory: string[] = [];
await measure(upstream, rows);
const starts = { midplane: startMidplane, portkey: startPortkey, litellm: startLiteLlm };
for (const [name, start] of Object.entries(starts)) {
  if (!values.only.split(',').includes(name)) continue;
  const gateway = await start(upstream.baseUrl).catch((error: Error) => {
    say(`${name} is left out: ${error.message.split('\n')[0]}`);
    return undefined;
  });
  if (!gateway) continue;
  const { before, after } = await measure(gateway, rows);
  memory.push(`| ${gateway.name} | ${before.toFixed(0)} | ${after.toFixed(0)} |`);
  await gateway.stop();
}
await upstream.stop();

const ms = (value: number) => value.toFixed(2);
process.stdout.write(
  '| | connections | gateway | added p50 ms | p95 | p99 | requests/s | failed |\n|---|---|---|---|---|---|---|---|\n',
);
for (const { gateway, what, connections, load: measured } of rows.filter((row) => row.gateway !== 'direct')) {
  const direct = rows.find(
    (row) => row.gateway === 'direct' && row.what === what && row.connections === connections,
  )!.load;
  const added = [0.5, 0.95, 0.99].map((share) => ms(at(measured.times, share) - at(direct.times, share)));
  process.stdout.write(
    `| ${what} | ${connections} | ${gateway} | ${added.join(' | ')} | ${measured.perSecond.toFixed(0)} | ${measured.failed} |\n`,
  );
}
process.stdout.write(`\n| memory, MiB | start | end |\n|---|---|---|\n${memory.join('\n')}\n`);
