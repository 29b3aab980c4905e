import type { LabelScore } from '@midplane/contracts';
import { z } from 'zod';
import { EndpointError } from '../endpoint/endpoint.client.js';
import { sorted } from './labels.js';

/*
 * TEI's `/predict` (huggingface.github.io/text-embeddings-inference): for several texts, each in a list of its own, a
 * list of labels with scores for each.
 */
const Answer = z.array(z.array(z.object({ label: z.string(), score: z.number().min(0).max(1) })).min(1));

/** @returns where to post: the base with `/predict` */
export function predictUrl(baseUrl: string): string {
  const url = new URL(baseUrl);
  const path = url.pathname.replace(/\/+$/, '');
  if (!path.endsWith('/predict')) url.pathname = `${path}/predict`;
  return url.href;
}

export const predictRequest = (texts: readonly string[]): unknown => ({
  inputs: texts.map((text) => [text]),
  raw_scores: false,
  truncate: true,
});

/** @throws EndpointError where the answer has another shape, or not labels for each text */
export function readPredictions(json: unknown, expected: number): { labels: LabelScore[][]; tokens: number } {
  const answer = Answer.safeParse(json);
  if (!answer.success)
    throw new EndpointError(
      "its answer does not have the shape of TEI's /predict; check CLASSIFY_BASE_URL",
      false,
    );
  if (answer.data.length !== expected)
    throw new EndpointError(
      `it gave labels for ${answer.data.length} texts, and was sent ${expected}`,
      false,
    );
  return { labels: answer.data.map(sorted), tokens: 0 };
}
