import { readFile } from 'node:fs/promises';
import type { Worker } from 'node:worker_threads';
import { decodeVector, type TextRole, unpackPassageStates } from '@midplane/contracts';
import { UserError } from '@midplane/kernel';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { batchingOn } from '../models/device.js';
import { ModelCatalog, SHIPPED_MODEL } from '../models/model-catalog.js';
import { TransformerEmbedder } from './transformer.embedder.js';

// Made with transformers' own feature-extraction pipeline: prefix, mean pooling, normalized.
const golden = JSON.parse(
  await readFile(new URL('./fixtures/golden-vectors.json', import.meta.url), 'utf8'),
) as { role: TextRole; text: string; vector: string }[];

const model = await new ModelCatalog({}).find(SHIPPED_MODEL, 'embed');
const options = {
  workers: 1,
  threads: 2,
  queueLimit: 500,
  device: 'cpu' as const,
  batches: batchingOn('cpu'),
};
const embedder = new TransformerEmbedder(model, options);
afterAll(() => embedder.close());

const passages = (count: number): string[] =>
  Array.from(
    { length: count },
    (_, i) => `Passage ${i}: ${'the committee approved the budget of the branch. '.repeat(12)}`,
  );

const cosine = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** Worker threads started while a test runs, so that it can end one as a crash would. */
const workers: Worker[] = [];
const note = (worker: Worker): number => workers.push(worker);
process.on('worker', note);
afterAll(() => process.off('worker', note));
afterEach(() => workers.splice(0));

describe('TransformerEmbedder', () => {
  it.each(golden)('gives the known vector of $role "$text"', async ({ role, text, vector }) => {
    const [ours] = await embedder.embed(role, [text], { urgency: 'interactive', centred: false });
    expect(cosine(ours!.vector, decodeVector(vector))).toBeGreaterThan(0.999);
    expect(Math.hypot(...ours!.vector)).toBeCloseTo(1, 5);
  });

  it('cuts what is longer than the model takes', async () => {
    const start = '年假 '.repeat(2000);
    const [a, b] = await embedder.embed('passage', [start, `${start} and something else at the end`], {
      urgency: 'bulk',
    });
    expect(a).toEqual(b);
  });

  it('leaves the event loop free during a bulk job', async () => {
    const texts = passages(20);
    let turns = 0;
    let running = true;
    const turn = (): void => {
      turns += 1;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    await embedder.embed('passage', texts, { urgency: 'bulk' });
    running = false;
    // On the main thread there would be a few turns for each text.
    expect(turns).toBeGreaterThan(texts.length * 50);
  });

  it('answers a question before a bulk job that came first', async () => {
    const order: string[] = [];
    const bulk = embedder.embed('passage', passages(20), { urgency: 'bulk' }).then(() => order.push('bulk'));
    const question = embedder
      .embed('query', ['年假有几天？'], { urgency: 'interactive' })
      .then(() => order.push('question'));
    const counted = embedder.countTokens(passages(3)).then(() => order.push('counted'));
    await Promise.all([bulk, question, counted]);
    expect(order).toEqual(['question', 'counted', 'bulk']);
  });

  it('lets the texts of a caller that has gone leave the queue', async () => {
    const gone = new AbortController();
    const before = embedder.load().texts;
    const bulk = embedder.embed('passage', passages(200), { urgency: 'bulk', signal: gone.signal });
    gone.abort(new Error('gone'));
    await expect(bulk).rejects.toThrow('gone');
    expect(embedder.load().queued.bulk).toBe(0);
    await embedder.embed('query', ['still there?'], { urgency: 'interactive' });
    expect(embedder.load().texts - before).toBeLessThan(20);
  });

  it('refuses what does not fit into the queue', async () => {
    const gone = new AbortController();
    const first = embedder.embed('passage', passages(400), { urgency: 'bulk', signal: gone.signal });
    const refused = await embedder
      .embed('passage', passages(200), { urgency: 'bulk' })
      .catch((error: unknown) => error);
    expect((refused as UserError).code).toBe('MODEL_OVERLOADED');
    gone.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
  });

  it('goes on in a new thread when one dies, with nothing lost', async () => {
    const own = new TransformerEmbedder(model, options);
    await own.embed('query', ['warm'], { urgency: 'interactive' });
    const bulk = own.embed('passage', passages(12), { urgency: 'bulk' });
    await own.embed('query', ['now it runs'], { urgency: 'interactive' });
    await workers[0]!.terminate();
    expect(await bulk).toHaveLength(12);
    expect(workers).toHaveLength(2);
    await own.close();
  });

  it('gives up on texts whose thread dies twice, and serves others after', async () => {
    const own = new TransformerEmbedder(model, options);
    const kill = (worker: Worker): unknown => setImmediate(() => void worker.terminate());
    process.on('worker', kill);
    const failed = await own
      .embed('query', ['unlucky'], { urgency: 'interactive' })
      .catch((error: unknown) => error);
    process.off('worker', kill);
    expect((failed as UserError).code).toBe('MODEL_UNAVAILABLE');
    expect(workers).toHaveLength(2);
    expect(await own.embed('query', ['lucky'], { urgency: 'interactive' })).toHaveLength(1);
    await own.close();
  });

  it('says so where the weights are broken', async () => {
    const own = new TransformerEmbedder({ ...model, folder: '/nowhere/model' }, options);
    const failed = await own
      .embed('query', ['x'], { urgency: 'interactive' })
      .catch((error: unknown) => error);
    expect((failed as UserError).problem).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { model: SHIPPED_MODEL },
    });
    await own.close();
  });

  it('counts as the model does: a text of counts + overhead tokens is not cut', async () => {
    const { counts, overhead } = await embedder.countTokens(['word '.repeat(600)]);
    const fits = 'word '.repeat(Math.floor(((512 - overhead) / counts[0]!) * 600));
    const before = embedder.load().tokens;
    await embedder.embed('passage', [fits], { urgency: 'bulk' });
    const used = embedder.load().tokens - before;
    const { counts: again } = await embedder.countTokens([fits]);
    expect(used).toBeLessThanOrEqual(512);
    expect(again[0]! + overhead).toBeGreaterThanOrEqual(used);
  });
});

describe('in batches', () => {
  const batched = new TransformerEmbedder(model, {
    ...options,
    batches: { tokens: 2048, bulk: { tokens: 2048 }, waitMs: 5 },
  });
  afterAll(() => batched.close());
  const texts = [
    '年假有几天？',
    'short',
    ...passages(6),
    'The committee approved the budget of the branch after a long discussion in the autumn.',
    '报销须在费用发生后三十天内提交，逾期不予受理。',
  ];
  const asked = { urgency: 'bulk', tokenStates: true } as const;

  it('gives each text about the vector and the states that it has alone', async () => {
    const alone = await embedder.embed('passage', texts, { ...asked, urgency: 'interactive' });
    const together = await batched.embed('passage', texts, asked);
    const vectorSize = model.card.dimension;
    for (const [i, { vector, tokenStates }] of together.entries()) {
      // int8 activations are scaled over the batch, so the same they are not.
      expect(cosine(vector, alone[i]!.vector)).toBeGreaterThan(0.99);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
      const [ours, theirs] = [tokenStates!, alone[i]!.tokenStates!].map((text) =>
        unpackPassageStates(Buffer.from(text, 'base64'), vectorSize),
      );
      expect(ours!.starts).toEqual(theirs!.starts);
    }
    // Each is nearest to itself.
    for (const [i, { vector }] of together.entries()) {
      const scores = alone.map((other) => cosine(vector, other.vector));
      expect(scores.indexOf(Math.max(...scores))).toBe(i);
    }
  });

  it('runs the model less often than there are texts, and for requests of several at once', async () => {
    const before = batched.load();
    await Promise.all(texts.map((text) => batched.embed('query', [text], { urgency: 'interactive' })));
    const { texts: done, batches, tokens } = batched.load();
    expect(done - before.texts).toBe(texts.length);
    expect(batches - before.batches).toBeLessThan(texts.length / 2);
    expect(tokens - before.tokens).toBeGreaterThan(texts.length);
  });

  it('takes short texts together on a CPU, but for what somebody waits for', async () => {
    const batchesOf = async (some: string[], urgency: 'bulk' | 'interactive') => {
      const before = embedder.load().batches;
      await embedder.embed('passage', some, { urgency });
      return embedder.load().batches - before;
    };
    const short = texts.filter((text) => text.length < 100);
    expect(await batchesOf(short, 'interactive')).toBe(short.length);
    expect(await batchesOf(short, 'bulk')).toBe(1);
    const long = passages(3).map((text) => `${text} ${text}`);
    expect(await batchesOf(long, 'bulk')).toBe(long.length);
  });
});
