import { afterAll, describe, expect, it } from 'vitest';
import { createInference } from './inference.js';

const inference = createInference();
afterAll(() => inference.close());

const PASSAGES = [
  'Employees are entitled to fifteen days of paid annual leave after one year of service.',
  'The office kitchen is cleaned every evening at eight.',
  'Invoices above ten thousand euros need the signature of two directors.',
];

const dot = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);

describe('the shipped embedder', () => {
  it('finds an English passage by a Chinese question', async () => {
    const [question] = (
      await inference.embed({ role: 'query', urgency: 'interactive', texts: ['员工每年有多少天带薪年假？'] })
    ).vectors;
    const { vectors, model } = await inference.embed({ role: 'passage', urgency: 'bulk', texts: PASSAGES });
    const scores = vectors.map((vector) => dot(vector, question as Float32Array));
    expect(scores.indexOf(Math.max(...scores))).toBe(0);
    expect(model).toMatchObject({ name: 'multilingual-e5-small-zh-en', dimension: 384, maxTokens: 512 });
  });

  it('gives what somebody waits for the same vector alone and among others', async () => {
    const together = await inference.embed({ role: 'passage', urgency: 'interactive', texts: PASSAGES });
    for (const [i, text] of PASSAGES.entries()) {
      const alone = await inference.embed({ role: 'passage', urgency: 'interactive', texts: [text] });
      expect(alone.vectors[0]).toEqual(together.vectors[i]);
    }
  });

  it('counts tokens so that a text fits where counts and overhead say so', async () => {
    const { counts, overhead } = await inference.countTokens({ texts: ['', '年假', ...PASSAGES] });
    expect(counts[0]).toBe(0);
    expect(counts[1]).toBeGreaterThan(0);
    expect(overhead).toBeGreaterThanOrEqual(4);
    expect((await inference.countTokens({ texts: [] })).counts).toEqual([]);
  });

  it('counts a text that is longer than the tokenizer can take', async () => {
    const { counts } = await inference.countTokens({ texts: ['本公司员工年假为十天'.repeat(30_000)] });
    expect(counts[0]).toBeGreaterThan(30_000);
  });
});
