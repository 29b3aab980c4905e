import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { memoryOf, startUpstream } from './gateway-peers.ts';
import { startMidplane } from './gateway-process.ts';

/**
 * `npm run bench:soak`: the gateway under a fixed rate of calls, every second one a stream, with authentication, limits
 * and ledger on. A line a minute; at the end its memory may be a tenth more than after the first minute, else the exit
 * code is 1. `-- --minutes 10 --rate 100`.
 */
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, rate: { type: 'string', default: '100' } },
});
const MINUTES = Number(values.minutes);
const RATE = Number(values.rate);
const MINUTE_MS = 60_000;
/** Memory breathes with the garbage collector: a minute's figure is the median of so many looks in its last half. */
const LOOKS = 30;
const MOST_GROWTH = 0.1;

const upstream = await startUpstream();
const gateway = await startMidplane(upstream.baseUrl);
const agent = new Agent({ connections: 256 });
let sent = 0;
let failed = 0;
let running = 0;
/** How often which way. */
const failures = new Map<string, number>();

function fail(reason: string): void {
  failed++;
  failures.set(reason, (failures.get(reason) ?? 0) + 1);
}

async function call(stream: boolean): Promise<void> {
  running++;
  try {
    const { statusCode, body } = await request(`${gateway.baseUrl}/chat/completions`, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...gateway.headers },
      body: JSON.stringify({
        model: gateway.model,
        messages: [{ role: 'user', content: stream ? `paced ${sent}` : `hi ${sent}` }],
        stream,
        max_tokens: 100,
      }),
    });
    const text = await body.text();
    if (statusCode !== 200) fail(`HTTP ${statusCode}`);
    else if (!text.includes(stream ? '[DONE]' : 'token ')) fail(text.slice(-200));
  } catch (error) {
    fail((error as Error).message);
  } finally {
    running--;
  }
}

/** Sends at the fixed rate, whether answers come or not. */
async function minute(): Promise<number> {
  const begun = performance.now();
  const looks: number[] = [];
  for (let i = 0; performance.now() - begun < MINUTE_MS;) {
    for (const due = ((performance.now() - begun) / 1000) * RATE; i < due; i++) void call(sent++ % 2 === 1);
    const elapsed = performance.now() - begun;
    if (elapsed > MINUTE_MS / 2 + (looks.length * MINUTE_MS) / 2 / LOOKS) {
      looks.push(await memoryOf(gateway.pid));
    }
    await sleep(5);
  }
  return looks.toSorted((a, b) => a - b)[looks.length >> 1]!;
}

const mib: number[] = [];
process.stdout.write('| minute | calls | failed | running | memory, MiB |\n|---|---|---|---|---|\n');
for (let n = 1; n <= MINUTES; n++) {
  mib.push(await minute());
  process.stdout.write(`| ${n} | ${sent} | ${failed} | ${running} | ${mib.at(-1)!.toFixed(0)} |\n`);
}
// The last calls end while the gateway stops.
await gateway.stop();
while (running > 0) await sleep(10);
await agent.close();
await upstream.stop();
const growth = mib.at(-1)! / mib[0]! - 1;
const held = growth <= MOST_GROWTH && failed === 0;
process.stdout.write(
  `RESULT soak ${JSON.stringify({ minutes: MINUTES, rate: RATE, sent, failures: Object.fromEntries(failures), mib, growth, held })}\n`,
);
process.exitCode = held ? 0 : 1;
