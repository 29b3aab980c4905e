import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AutoTokenizer, env } from '@huggingface/transformers';
import { UserError } from '@midplane/kernel';
import { OVERLAP_BIAS, OVERLAP_WEIGHT, writeOverlapModel } from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInference, type Inference } from '../inference.js';
import { ModelCatalog, SHIPPED_MODEL } from '../models/model-catalog.js';

/*
 * No cross-encoder is small enough to be shipped for a test. These tests run a real ONNX graph behind the shipped
 * tokenizer, by the same files, threads and runtime as any model of a hub; its weights are not learnt, but count the
 * tokens that question and text share (`writeOverlapModel`). They show that pairs go in whole and scores come out
 * right, and nothing about how well a cross-encoder ranks.
 */

const SHIPPED = fileURLToPath(new URL(`../../models/${SHIPPED_MODEL}`, import.meta.url));
env.localModelPath = `${dirname(SHIPPED)}/`;
const tokenizer = await AutoTokenizer.from_pretrained(SHIPPED_MODEL);

let modelsDir: string;
let inference: Inference;
beforeAll(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), 'midplane-rerankers-'));
  await writeOverlapModel(join(modelsDir, 'overlap'), { tokenizer: SHIPPED });
  inference = createInference({ modelsDir, rerankModel: 'overlap', modelsLoaded: 8, queueLimit: 150 });
});
afterAll(async () => {
  await inference.close();
  await rm(modelsDir, { recursive: true, force: true });
});

const QUESTION = 'How many days of annual leave do employees have?';
const TEXTS = [
  'The kitchen is cleaned every evening.',
  'All employees have fifteen days of paid annual leave.',
  '本公司员工每年享有十五天带薪年休假。',
];

/** What the model gives for a pair's tokens, by the formula of its making. */
function expected(ids: readonly number[], weight = OVERLAP_WEIGHT, bias = OVERLAP_BIAS): number {
  const overlap = ids.flatMap((a, i) => ids.filter((b, j) => i !== j && a === b)).length;
  return 1 / (1 + Math.exp(-(weight * overlap + bias)));
}
const pairIds = (query: string, text: string): number[] => tokenizer.encode(query, { text_pair: text });

const rerank = (texts: string[], query = QUESTION, model?: string) =>
  inference.rerank({ model, query, texts, urgency: 'interactive' });

const problemOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof UserError ? error.problem : error),
  );

describe('a cross-encoder of MODELS_DIR', () => {
  it('scores each text together with the question, in the order of the texts', async () => {
    const { model, scores } = await rerank(TEXTS);
    expect(model).toEqual({ name: 'overlap', revision: expect.stringMatching(/^[0-9a-f]{16}$/) });
    for (const [i, text] of TEXTS.entries())
      expect(scores[i]).toBeCloseTo(expected(pairIds(QUESTION, text)), 5);
    expect(Math.max(...scores)).toBe(scores[1]);
    expect((await rerank(TEXTS.toReversed())).scores).toEqual(scores.toReversed());
  });

  it('is recognised by its architecture, and kept apart from embedders', async () => {
    const { configured, others } = await inference.rerankModels();
    expect(configured?.name).toBe('overlap');
    expect(others).toEqual([]);
    expect((await inference.embeddingModels()).map(({ name }) => name)).toEqual([SHIPPED_MODEL]);
    const asEmbedder = inference.embed({ model: 'overlap', role: 'query', urgency: 'bulk', texts: ['x'] });
    expect(await problemOf(asEmbedder)).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { model: 'overlap', reason: 'it is a reranker, and an embedder is asked for' },
    });
    expect(await problemOf(rerank(['x'], QUESTION, SHIPPED_MODEL))).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { model: SHIPPED_MODEL, reason: 'it is an embedder, and a reranker is asked for' },
    });
  });

  it('is whatever its card says it is', async () => {
    const folder = join(modelsDir, 'carded');
    await writeOverlapModel(folder, { tokenizer: SHIPPED });
    await writeFile(join(folder, 'config.json'), JSON.stringify({ model_type: 'bert', hidden_size: 1 }));
    const catalog = new ModelCatalog({ modelsDir });
    expect((await catalog.find('carded', 'embed')).task).toBe('embed');
    await writeFile(join(folder, 'midplane.json'), JSON.stringify({ task: 'rerank', maxTokens: 64 }));
    expect((await catalog.find('carded', 'rerank')).card).toEqual({ maxTokens: 64 });
    expect((await rerank(TEXTS, QUESTION, 'carded')).scores).toEqual((await rerank(TEXTS)).scores);
    await rm(folder, { recursive: true });
  });

  it('gets another revision where longer pairs change its scores', async () => {
    const catalog = new ModelCatalog({ modelsDir });
    const { revision } = (await catalog.find('overlap', 'rerank')).description;
    await writeFile(join(modelsDir, 'overlap/midplane.json'), JSON.stringify({ maxTokens: 64 }));
    expect((await catalog.find('overlap', 'rerank')).description.revision).not.toBe(revision);
    await rm(join(modelsDir, 'overlap/midplane.json'));
    expect((await catalog.find('overlap', 'rerank')).description.revision).toBe(revision);
  });

  it('may give two logits, the second of which stands for relevant', async () => {
    await writeOverlapModel(join(modelsDir, 'two'), { tokenizer: SHIPPED, logits: 2 });
    const { scores } = await rerank(TEXTS, QUESTION, 'two');
    const { scores: one } = await rerank(TEXTS);
    for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(one[i]!, 6);
  });

  it.each([
    ['gives the logits of a topic classifier', { logits: 3 }, /3 values for a pair/],
    ['gives no number', { bias: NaN }, /not a number/],
  ])('that %s is refused', async (_, options, reason) => {
    await writeOverlapModel(join(modelsDir, 'broken'), { tokenizer: SHIPPED, ...options });
    expect(await problemOf(rerank(TEXTS, QUESTION, 'broken'))).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { model: 'broken', reason: expect.stringMatching(reason) as string },
    });
    await inference.close();
    await rm(join(modelsDir, 'broken'), { recursive: true });
  });

  it('says so where its weights are damaged', async () => {
    await writeOverlapModel(join(modelsDir, 'damaged'), { tokenizer: SHIPPED });
    await writeFile(join(modelsDir, 'damaged/onnx/model.onnx'), 'not a graph');
    expect(await problemOf(rerank(['x'], QUESTION, 'damaged'))).toMatchObject({ code: 'MODEL_UNAVAILABLE' });
    await rm(join(modelsDir, 'damaged'), { recursive: true });
  });

  it('is not there', async () => {
    expect(await problemOf(rerank(['x'], QUESTION, 'nowhere'))).toMatchObject({
      code: 'MODEL_NOT_FOUND',
      params: { model: 'nowhere', available: expect.stringContaining('overlap') as string },
    });
    const none = createInference();
    expect(await none.rerankModels()).toEqual({ configured: null, others: [] });
    const asked = none.rerank({ query: QUESTION, texts: ['x'], urgency: 'bulk' });
    expect(await problemOf(asked)).toMatchObject({ code: 'RERANKER_NOT_CONFIGURED' });
  });

  it('leaves the queue with a caller that has gone, and refuses what has no room', async () => {
    const gone = new AbortController();
    const many = Array.from({ length: 140 }, (_, i) => `${i} ${TEXTS[1]!.repeat(5)}`);
    const first = inference.rerank({
      query: QUESTION,
      texts: many,
      urgency: 'bulk',
      signal: gone.signal,
    });
    // Found and started before the second asks.
    await rerank(['x']);
    const second = inference.rerank({ query: QUESTION, texts: many, urgency: 'bulk' });
    expect(await problemOf(second)).toMatchObject({
      code: 'MODEL_OVERLOADED',
      params: { model: 'overlap' },
    });
    gone.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect((await inference.load())['overlap']!.queued.bulk).toBe(0);
  });

  it('is loaded beside an embedder at the same time, and counts its work', async () => {
    const own = createInference({ modelsDir, rerankModel: 'overlap', modelsLoaded: 2 });
    const [{ vectors }, { scores }] = await Promise.all([
      own.embed({ role: 'query', urgency: 'interactive', texts: [QUESTION] }),
      own.rerank({ query: QUESTION, texts: TEXTS, urgency: 'interactive' }),
    ]);
    expect([vectors.length, scores.length]).toEqual([1, 3]);
    const load = (await own.load())['overlap']!;
    const tokens = TEXTS.reduce((sum, text) => sum + pairIds(QUESTION, text).length, 0);
    expect(load).toMatchObject({ texts: 3, tokens, inFlight: 0 });
    await own.close();
  });
});

describe('a cross-encoder of a hub', () => {
  it('is downloaded, and described before anybody asks for a score', async () => {
    const server = createServer((request, response) => {
      const file = /^\/org\/overlap\/resolve\/main\/(.*)$/.exec(request.url!)?.[1];
      const content = file === undefined ? Promise.reject() : readFile(join(modelsDir, 'overlap', file));
      void content.then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const hub = { endpoint, folder: join(modelsDir, 'hub') };
    const own = createInference({ rerankModel: 'org/overlap', hub });
    const { configured } = await own.rerankModels();
    const { revision } = (await inference.rerankModels()).configured!;
    expect(configured).toEqual({ name: 'org/overlap', revision });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const { scores } = await own.rerank({ query: QUESTION, texts: TEXTS, urgency: 'interactive' });
    expect(scores).toEqual((await rerank(TEXTS)).scores);
    await own.close();
  });
});

describe('a pair that is too long', () => {
  const MAX_TOKENS = 64;
  // Small enough that a text that repeats itself is far from a score of 1.
  const WEIGHT = 0.001;
  let own: Inference;
  beforeAll(async () => {
    await writeOverlapModel(join(modelsDir, 'short'), {
      tokenizer: SHIPPED,
      positions: MAX_TOKENS,
      weight: WEIGHT,
      bias: 0,
    });
    own = createInference({ modelsDir, rerankModel: 'short' });
  });
  afterAll(() => own.close());

  const scoreOf = async (query: string, text: string): Promise<{ score: number; tokens: number }> => {
    const before = (await own.load())['short']?.tokens ?? 0;
    const { scores } = await own.rerank({ query, texts: [text], urgency: 'bulk' });
    return { score: scores[0]!, tokens: (await own.load())['short']!.tokens - before };
  };

  it.each([
    ['English', 'leave policy applies '.repeat(400)],
    ['Chinese', '年休假管理办法'.repeat(400)],
    ['a megabyte', 'annual leave '.repeat(80_000)],
  ])('is cut at the end of the text and keeps its separators (%s)', async (_, text) => {
    const { score, tokens } = await scoreOf('annual leave', text);
    expect(tokens).toBeLessThanOrEqual(MAX_TOKENS);
    expect(tokens).toBeGreaterThan(MAX_TOKENS - 8);
    // The very pair that went through the model, found by the number of its tokens.
    const start = [...Array(450).keys()].map((length) => pairIds('annual leave', text.slice(0, length)));
    const candidates = start.filter((ids) => ids.length === tokens).map((ids) => expected(ids, WEIGHT, 0));
    expect(score).toBeLessThan(0.9);
    expect(candidates.some((candidate) => Math.abs(candidate - score) < 1e-5)).toBe(true);
  });

  it('leaves half of the room to the text', async () => {
    const question = 'how many days of annual leave do the employees of this company have '.repeat(50);
    const { tokens } = await scoreOf(question, 'fifteen days of paid leave '.repeat(50));
    const { tokens: alone } = await scoreOf(question, '');
    expect(tokens).toBeLessThanOrEqual(MAX_TOKENS);
    expect(tokens - alone).toBeGreaterThan(MAX_TOKENS / 2 - 8);
  });
});

describe('in batches', () => {
  it('gives pairs of several questions the scores that they have alone, in fewer runs of the model', async () => {
    const batched = createInference({
      modelsDir,
      rerankModel: 'overlap',
      batches: { tokens: 512, bulk: { tokens: 512 }, waitMs: 5 },
    });
    const questions = [QUESTION, '年休假有几天？', 'Who cleans the kitchen?'];
    const answers = await Promise.all(
      questions.map((query) => batched.rerank({ query, texts: TEXTS, urgency: 'interactive' })),
    );
    for (const [q, { scores }] of answers.entries())
      for (const [i, text] of TEXTS.entries())
        expect(scores[i]).toBeCloseTo(expected(pairIds(questions[q]!, text)), 5);
    const { texts, batches } = (await batched.load())['overlap']!;
    expect(texts).toBe(questions.length * TEXTS.length);
    expect(batches).toBeLessThanOrEqual(texts / 3);
    await batched.close();
  });
});
