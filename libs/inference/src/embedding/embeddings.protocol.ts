import { z } from 'zod';
import { EndpointError } from '../endpoint/endpoint.client.js';

/** @see https://platform.openai.com/docs/api-reference/embeddings */
const EmbeddingsAnswer = z.object({
  data: z.array(z.object({ index: z.int().min(0).optional(), embedding: z.array(z.number()) })),
  usage: z.object({ total_tokens: z.number().optional() }).nullish(),
});

/** @returns the body of a request in OpenAI's embeddings protocol */
export const embeddingsRequest = (model: string, texts: readonly string[]): unknown => ({
  model,
  input: texts,
  encoding_format: 'float',
});

/**
 * @param expected number of texts that were sent
 * @returns the vectors as the endpoint gives them, in the order of the texts, and the tokens it counted (0 where it
 *   does not say)
 * @throws EndpointError where the answer has another shape, or not one vector for each text
 */
export function readEmbeddings(json: unknown, expected: number): { vectors: Float32Array[]; tokens: number } {
  const answer = EmbeddingsAnswer.safeParse(json);
  if (!answer.success)
    throw new EndpointError('its answer does not have the shape of OpenAI’s embeddings', false);
  const vectors = new Array<Float32Array | undefined>(expected);
  for (const [i, { index, embedding }] of answer.data.data.entries())
    vectors[index ?? i] = Float32Array.from(embedding);
  if (answer.data.data.length !== expected || vectors.length !== expected || vectors.includes(undefined)) {
    throw new EndpointError(`it gave ${answer.data.data.length} vectors for ${expected} texts`, false);
  }
  return { vectors: vectors as Float32Array[], tokens: answer.data.usage?.total_tokens ?? 0 };
}
