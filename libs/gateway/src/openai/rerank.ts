import { z } from 'zod';

/** As many texts as one call of the models service takes. */
export const DOCUMENTS_A_CALL = 200;

const Text = z.string().max(100_000);

/**
 * A request to rerank, in the shape that Jina, Cohere, vLLM and others share.
 * @see https://jina.ai/reranker, https://docs.cohere.com/reference/rerank
 */
export const RerankRequest = z.object({
  model: z.string().min(1).max(200).optional(),
  query: z.string().trim().min(1).max(4000),
  documents: z
    .array(z.union([Text, z.object({ text: Text }).transform(({ text }) => text)]))
    .min(1)
    .max(1000),
  top_n: z.int().min(1).optional(),
  return_documents: z.boolean().default(false),
});
export type RerankRequest = z.output<typeof RerankRequest>;

export interface Reranked {
  id: string;
  model: string;
  /** In the order of the documents. */
  scores: number[];
  tokens: number;
}

/** @returns the documents in their new order, the best first; where two score alike, the first given first */
export function rerankResponse(
  { documents, top_n = documents.length, return_documents }: RerankRequest,
  { id, model, scores, tokens }: Reranked,
) {
  const results = scores
    .map((relevance_score, index) => ({
      index,
      relevance_score,
      ...(return_documents ? { document: { text: documents[index]! } } : {}),
    }))
    .sort((a, b) => b.relevance_score - a.relevance_score)
    .slice(0, top_n);
  return { id, object: 'list', model, results, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}
