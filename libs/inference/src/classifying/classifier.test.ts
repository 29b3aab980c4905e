import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '@midplane/kernel';
import { OVERLAP_BIAS, OVERLAP_WEIGHT, writeOverlapModel } from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInference, type Inference } from '../inference.js';
import { SHIPPED_MODEL } from '../models/model-catalog.js';
import { labelScores } from './labels.js';

const tokenizer = fileURLToPath(new URL(`../../models/${SHIPPED_MODEL}`, import.meta.url));

const problemOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof UserError ? error.problem : error),
  );

/*
 * A real ONNX graph behind the shipped tokenizer, whose last label has a logit of a quarter for each ordered pair of
 * places with the same token, less 3 (`writeOverlapModel`); the others have 0.
 */
describe('a classifier of MODELS_DIR', () => {
  let modelsDir: string;
  let inference: Inference;
  beforeAll(async () => {
    modelsDir = await mkdtemp(join(tmpdir(), 'midplane-classifiers-'));
    const labels = ['calm', 'repetitive'];
    await writeOverlapModel(join(modelsDir, 'one'), { tokenizer, labels });
    await writeOverlapModel(join(modelsDir, 'several'), {
      tokenizer,
      labels: ['a', 'b', 'c'],
      multiLabel: true,
    });
    await writeOverlapModel(join(modelsDir, 'reranker'), { tokenizer, logits: 2 });
    inference = createInference({ modelsDir, classifyModel: 'one', modelsLoaded: 8 });
  });
  afterAll(async () => {
    await inference.close();
    await rm(modelsDir, { recursive: true, force: true });
  });

  it('gives each text all labels, the surest first, as shares of one', async () => {
    const texts = ['夏', 'no no no no no no no no'];
    const { model, labels } = await inference.classify({ texts, urgency: 'interactive' });
    expect(model).toEqual({ name: 'one', revision: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(labels.map((each) => each.map(({ label }) => label))).toEqual([
      ['calm', 'repetitive'],
      ['repetitive', 'calm'],
    ]);
    for (const each of labels) expect(each[0]!.score + each[1]!.score).toBeCloseTo(1, 5);
    // Eight equal tokens: 56 ordered pairs.
    expect(labels[1]![0]!.score).toBeCloseTo(1 / (1 + Math.exp(-(56 * OVERLAP_WEIGHT + OVERLAP_BIAS))), 5);
  });

  it('gives each label a probability of its own where a text may have several', async () => {
    const { labels } = await inference.classify({ model: 'several', texts: ['夏'], urgency: 'bulk' });
    const scores = Object.fromEntries(labels[0]!.map(({ label, score }) => [label, score]));
    expect(scores).toEqual({
      a: 0.5,
      b: 0.5,
      c: expect.closeTo(1 / (1 + Math.exp(-OVERLAP_BIAS)), 5),
    });
  });

  it('gives texts of several requests the labels that they have alone, in fewer runs of the model', async () => {
    const batched = createInference({
      modelsDir,
      classifyModel: 'one',
      batches: { tokens: 512, bulk: { tokens: 512 }, waitMs: 5 },
    });
    const requests = [
      ['夏', 'no no no no no no no no'],
      ['a', 'b b', 'c c c'],
      ['', 'the kitchen is cleaned'],
    ];
    const answers = await Promise.all(
      requests.map((texts) => batched.classify({ texts, urgency: 'interactive' })),
    );
    for (const [r, texts] of requests.entries()) {
      const alone = (await inference.classify({ texts, urgency: 'interactive' })).labels;
      for (const [i, labels] of answers[r]!.labels.entries())
        expect(labels).toEqual(
          alone[i]!.map(({ label, score }) => ({ label, score: expect.closeTo(score, 5) as number })),
        );
    }
    expect((await batched.load())['one']).toMatchObject({ texts: 7, batches: 1 });
    await batched.close();
  });

  it('cuts what is too long, and takes no text as no text', async () => {
    const texts = ['word '.repeat(50_000), ''];
    const { labels } = await inference.classify({ texts, urgency: 'bulk' });
    expect(labels.map((each) => each[0]!.label)).toEqual(['repetitive', 'calm']);
  });

  it('is told from a reranker by the names of its labels', async () => {
    expect((await inference.classifyModels()).others.map(({ name }) => name)).toEqual(['several']);
    expect((await inference.classifyModels()).configured?.name).toBe('one');
    expect((await inference.rerankModels()).others.map(({ name }) => name)).toEqual(['reranker']);
    const asked = inference.classify({ model: 'reranker', texts: ['x'], urgency: 'bulk' });
    expect(await problemOf(asked)).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { reason: 'it is a reranker, and a classifier is asked for' },
    });
  });

  it('is said to be missing where none is configured', async () => {
    const asked = createInference().classify({ texts: ['x'], urgency: 'bulk' });
    expect(await problemOf(asked)).toEqual({ code: 'CLASSIFIER_NOT_CONFIGURED', params: {} });
  });
});

describe('scores', () => {
  it('are no numbers that are none, and one for each label', () => {
    expect(() => labelScores([Number.NaN, 1], ['a', 'b'], false)).toThrow('not a number');
    expect(() => labelScores([1], ['a', 'b'], false)).toThrow('1 values for 2 labels');
    expect(labelScores([1000, 0], ['a', 'b'], false)[0]).toEqual({ label: 'a', score: 1 });
  });
});

describe('an endpoint', () => {
  type Answer = (inputs: string[][], response: ServerResponse, n: number) => void;
  let answer: Answer;
  const requests: { inputs: string[][]; path: string | undefined; key: string | undefined }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const { inputs } = JSON.parse(body) as { inputs: string[][] };
      requests.push({ inputs, path: request.url, key: request.headers.authorization });
      answer(inputs, response, requests.length);
    });
  });
  const predict: Answer = (inputs, response) => {
    const labels = (text: string) => [
      { label: 'short', score: 1 / text.length },
      { label: 'long', score: 1 - 1 / text.length },
    ];
    response.end(JSON.stringify(inputs.map(([text]) => labels(text!))));
  };

  let inference: Inference;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    inference = createInference({
      classifyEndpoint: {
        baseUrl,
        model: 'guard',
        apiKey: 'k',
        batchSize: 2,
        concurrency: 1,
        timeoutMs: 1000,
      },
    });
  });
  afterAll(async () => {
    await inference.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const classify = (...texts: string[]) => {
    requests.length = 0;
    return inference.classify({ texts, urgency: 'interactive' });
  };

  it('is sent texts in batches, and its labels come back in order, the surest first', async () => {
    answer = predict;
    const { model, labels } = await classify('x', 'a longer text', 'y');
    expect(model.name).toBe('guard');
    expect(labels.map((each) => each[0]!.label)).toEqual(['short', 'long', 'short']);
    expect(requests).toEqual([
      { inputs: [['x'], ['a longer text']], path: '/predict', key: 'Bearer k' },
      { inputs: [['y']], path: '/predict', key: 'Bearer k' },
    ]);
  });

  it.each<[string, Answer]>([
    ['labels for fewer texts', (_, response) => response.end('[[{"label":"a","score":1}]]')],
    ['no labels', (inputs, response) => response.end(JSON.stringify(inputs.map(() => [])))],
    ['another shape', (_, response) => response.end('{"error":"no"}')],
    [
      'scores above one',
      (inputs, response) => response.end(JSON.stringify(inputs.map(() => [{ label: 'a', score: 3 }]))),
    ],
    ['a refusal', (_, response) => response.writeHead(403).end()],
  ])('that gives %s is not believed', async (_, misbehave) => {
    answer = misbehave;
    expect(await problemOf(classify('x', 'y'))).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      params: { model: 'guard' },
    });
    expect(requests).toHaveLength(1);
  });

  it('that fails once is asked again', async () => {
    answer = (inputs, response, n) =>
      n === 1 ? response.writeHead(503, { 'retry-after': '0' }).end() : predict(inputs, response, n);
    expect((await classify('x')).labels[0]![0]!.label).toBe('short');
    expect(requests).toHaveLength(2);
  });
});
