import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AutoTokenizer, env, LogLevel, pipeline } from '@huggingface/transformers';
import { decodeVector } from '@midplane/contracts';
import { InferenceQueue, queuedHandlers, SHIPPED_MODEL } from '@midplane/inference';
import { createLogger, runInContext, SecretBox } from '@midplane/kernel';
import { startPostgres, startRedis } from '../services/index.ts';
import { percentiles, timed } from './percentiles.ts';
import { startApp } from './platform-process.ts';
import { randomOf } from './scale/corpus.ts';

/**
 * `npm run bench:inference`: texts a second of the shipped embedder through the queue, in a worker process, beside the
 * same model with the same threads called directly in batches, by length of the texts; and the time of one question
 * while bulk work runs. Both ways take turns, in one run.
 */

/** Lengths in tokens, prefix and special tokens included, and how many texts are embedded at a time. */
const LENGTHS = [
  { tokens: 16, texts: 192 },
  { tokens: 64, texts: 96 },
  { tokens: 200, texts: 48 },
  { tokens: 400, texts: 32 },
];
/** Both ways take turns for so long, so often at least, in ms. */
const MEASURED_MS = 60_000;
const LEAST_ROUNDS = 3;
/** Sizes of the direct batches; the best counts. */
const BATCHES = [1, 4, 16];
/** Texts of one call through the queue, few so that the way there counts (ingest sends up to 256), and calls at once. */
const TEXTS_A_CALL = 16;
const CALLS = 3;
const QUESTIONS = 60;
/** Longest pause between questions, in ms; each is another one, so that none keeps step with the bulk work. */
const LONGEST_PAUSE_MS = 200;
const GOAL = 0.9;

const say = (line: string) => process.stderr.write(`${line}\n`);
const threads = Math.min(availableParallelism(), 4);

const shipped = fileURLToPath(
  new URL('../../../libs/inference/models/multilingual-e5-small-zh-en', import.meta.url),
);
env.localModelPath = `${dirname(shipped)}/`;
env.allowRemoteModels = false;
env.logLevel = LogLevel.NONE;
const tokenizer = await AutoTokenizer.from_pretrained(SHIPPED_MODEL);

const WORDS =
  'annual leave is granted after one year of service and must be approved by the head of department before it begins expenses are paid back within thirty days where the receipt has been handed in 员工 年假 报销 审批 流程 部门 负责人 三十 天 之内 提交 发票 合同 签署 之后 生效'.split(
    ' ',
  );

/** Texts of so many tokens as the model takes them, no two alike. */
function textsOf(tokens: number, count: number): string[] {
  return Array.from({ length: count }, (_, n) => {
    let text = `${n}`;
    let length = 0;
    for (let i = 0; length < tokens; i += 1) {
      text += ` ${WORDS[(n * 31 + i * 7) % WORDS.length]}`;
      length = tokenizer.encode(`passage: ${text}`).length;
    }
    return text;
  });
}

const embedder = await pipeline('feature-extraction', SHIPPED_MODEL, {
  dtype: 'q8',
  device: 'cpu',
  session_options: {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  },
});

async function directly(texts: readonly string[], batch: number): Promise<Float32Array> {
  let last = new Float32Array();
  for (let at = 0; at < texts.length; at += batch) {
    const prefixed = texts.slice(at, at + batch).map((text) => `passage: ${text}`);
    const output = await embedder(prefixed, { pooling: 'mean', normalize: true });
    last = (output.data as Float32Array).slice(-384);
  }
  return last;
}

const redis = await startRedis();
const postgres = await startPostgres();
const masterKey = randomBytes(32);
const worker = await startApp('inference', postgres.url, {
  REDIS_URL: redis.url,
  MIDPLANE_MASTER_KEY: masterKey.toString('base64'),
  INFERENCE_ROLE: 'worker',
  INFERENCE_THREADS: String(threads),
  MALLOC_ARENA_MAX: '2',
});
const queue = new InferenceQueue(
  { redisUrl: redis.url, jobsWaiting: 256, bytesInRedis: 256e6, textsWaiting: 8192 },
  new SecretBox(masterKey),
  createLogger('warn', 'bench'),
);
const inference = queuedHandlers(queue);
const { signal } = new AbortController();
const principal = { tenantId: 'bench', userId: 'bench', groupIds: [], roles: ['application' as const] };
const asBench = <T>(work: () => T): T =>
  runInContext({ principal, traceId: 'bench', locale: 'en', signal }, work);

/** @returns the vector of the last text */
async function throughQueue(texts: readonly string[]): Promise<Float32Array> {
  const calls: string[][] = [];
  for (let at = 0; at < texts.length; at += TEXTS_A_CALL) calls.push(texts.slice(at, at + TEXTS_A_CALL));
  let last = '';
  const next = calls[Symbol.iterator]();
  const caller = async () => {
    for (const call of next) {
      const { vectors } = await asBench(() =>
        inference.embed({
          role: 'passage',
          urgency: 'bulk',
          centred: false,
          tokenStates: false,
          texts: call,
        }),
      );
      if (call === calls.at(-1)) last = vectors.at(-1)!;
    }
  };
  await Promise.all(Array.from({ length: CALLS }, caller));
  return decodeVector(last);
}

const ask = async (text: string) =>
  asBench(() =>
    inference.embed({
      role: 'query',
      urgency: 'interactive',
      centred: true,
      tokenStates: false,
      texts: [text],
    }),
  );

async function questions(): Promise<ReturnType<typeof percentiles>> {
  const times: number[] = [];
  const random = randomOf(1);
  for (let i = 0; i < QUESTIONS; i += 1) {
    const [, ms] = await timed(() => ask(`年假有几天？第 ${i} 次`));
    times.push(ms);
    await sleep(random() * LONGEST_PAUSE_MS);
  }
  return percentiles(times);
}

const median = (values: number[]) => percentiles(values).p50;
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

say('Warming up …');
await throughQueue(textsOf(64, 32));
for (const batch of BATCHES) await directly(textsOf(64, 32), batch);

const rows: { tokens: number; direct: number; batch: number; queue: number; share: number }[] = [];
for (const { tokens, texts: count } of LENGTHS) {
  say(`${count} texts of ${tokens} tokens at a time, each way in turn …`);
  const texts = textsOf(tokens, count);
  const queued: number[] = [];
  const direct = BATCHES.map((batch) => ({ batch, speeds: [] as number[], shares: [] as number[] }));
  const begun = performance.now();
  for (let round = 0; round < LEAST_ROUNDS || performance.now() - begun < MEASURED_MS; round += 1) {
    const [ours, ms] = await timed(() => throughQueue(texts));
    queued.push((count / ms) * 1000);
    for (const { batch, speeds, shares } of direct) {
      const [theirs, directMs] = await timed(() => directly(texts, batch));
      speeds.push((count / directMs) * 1000);
      // Of the same minute: the machine may be slower in the next.
      shares.push(directMs / ms);
      if (dot(ours, theirs) < 0.98) throw new Error('The two ways don’t give the same vector.');
    }
  }
  const best = direct
    .map(({ batch, speeds, shares }) => ({ batch, speed: median(speeds), share: median(shares) }))
    .reduce((a, b) => (b.speed > a.speed ? b : a));
  const speed = median(queued);
  rows.push({ tokens, direct: best.speed, batch: best.batch, queue: speed, share: best.share });
  say(
    `  directly ${best.speed.toFixed(1)} (${best.batch} at a time), through the queue ${speed.toFixed(1)} texts/s`,
  );
}

say(`${QUESTIONS} questions alone, and while bulk work runs …`);
const alone = await questions();
let asking = true;
const bulk = (async () => {
  const texts = textsOf(400, 3 * TEXTS_A_CALL);
  while (asking) await throughQueue(texts);
})();
await sleep(1000);
const busy = await questions();
asking = false;
await bulk;

const round = (value: number, digits = 1) => Number(value.toFixed(digits));
console.log(
  `\n${threads} threads; the queue: one worker process, calls of ${TEXTS_A_CALL} texts, ${CALLS} at once\n`,
);
console.log('| tokens a text | directly, texts/s | best batch | through the queue, texts/s | share |');
console.log('|---|---|---|---|---|');
for (const { tokens, direct, batch, queue: speed, share } of rows)
  console.log(`| ${tokens} | ${direct.toFixed(1)} | ${batch} | ${speed.toFixed(1)} | ${share.toFixed(2)} |`);
console.log('\n| one question through the queue | p50 ms | p95 ms |\n|---|---|---|');
console.log(`| alone | ${alone.p50.toFixed(1)} | ${alone.p95.toFixed(1)} |`);
console.log(
  `| while bulk work of 400 tokens a text runs | ${busy.p50.toFixed(1)} | ${busy.p95.toFixed(1)} |`,
);
const least = Math.min(...rows.map(({ share }) => share));
const result = {
  threads,
  lengths: rows.map((row) => ({
    tokens: row.tokens,
    directPerSecond: round(row.direct),
    directBatch: row.batch,
    queuePerSecond: round(row.queue),
    share: round(row.share, 3),
  })),
  questionMs: {
    alone: { p50: round(alone.p50), p95: round(alone.p95) },
    duringBulk: { p50: round(busy.p50), p95: round(busy.p95) },
  },
  goal: GOAL,
  held: least >= GOAL,
};
console.log(`\nRESULT inference ${JSON.stringify(result)}`);

await queue.close();
await worker.stop();
await Promise.all([redis.stop(), postgres.stop()]);
