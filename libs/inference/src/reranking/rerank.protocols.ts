import { z } from 'zod';
import { EndpointError } from '../endpoint/endpoint.client.js';

/**
 * Who laid down how a reranker is asked. `jina` is also what vLLM, llama.cpp, Infinity and most clouds speak.
 * @see https://huggingface.github.io/text-embeddings-inference (`/rerank`), https://jina.ai/reranker,
 *   https://docs.cohere.com/reference/rerank
 */
export const RerankProtocol = z.enum(['tei', 'jina', 'cohere']);
export type RerankProtocol = z.infer<typeof RerankProtocol>;

/** What stands between host and `/rerank`. */
const PREFIX: Record<RerankProtocol, string> = { tei: '', jina: '/v1', cohere: '/v2' };

const TeiAnswer = z.array(z.object({ index: z.int(), score: z.number() }));

/** Jina counts tokens in `usage`, Cohere in `meta.tokens`. */
const ResultsAnswer = z.object({
  results: z.array(z.object({ index: z.int(), relevance_score: z.number() })),
  usage: z.object({ total_tokens: z.number().nullish() }).nullish(),
  meta: z.object({ tokens: z.object({ input_tokens: z.number().nullish() }).nullish() }).nullish(),
});

/** The endpoint takes fewer texts at once than it was sent. */
export class BatchTooLargeError extends EndpointError {
  override readonly name = 'BatchTooLargeError';
  /** Texts that it takes at once, where it says so. */
  readonly limit: number | undefined;

  constructor(status: number, limit: number | undefined) {
    super(`it takes fewer texts at once than it was sent (HTTP ${status}); set RERANK_BATCH_SIZE`, false);
    this.limit = limit;
  }
}

/** @returns what an endpoint at this address most likely speaks: by its host, else by the version in its path, else TEI */
export function protocolOf(baseUrl: string): RerankProtocol {
  const { hostname, pathname } = new URL(baseUrl);
  if (/(^|\.)cohere\.(com|ai)$/.test(hostname)) return 'cohere';
  if (/(^|\.)jina\.ai$/.test(hostname)) return 'jina';
  if (/\/v2(\/rerank)?\/*$/.test(pathname)) return 'cohere';
  if (/\/v1(\/rerank)?\/*$/.test(pathname)) return 'jina';
  return 'tei';
}

/** @returns where to post: the base with `/rerank`, and with the protocol's version where the base has no path */
export function rerankUrl(baseUrl: string, protocol: RerankProtocol): string {
  const url = new URL(baseUrl);
  const path = url.pathname.replace(/\/+$/, '');
  if (!path.endsWith('/rerank')) url.pathname = `${path || PREFIX[protocol]}/rerank`;
  return url.href;
}

export function rerankRequest(
  protocol: RerankProtocol,
  model: string,
  query: string,
  texts: readonly string[],
): unknown {
  if (protocol === 'tei') return { query, texts, truncate: true };
  const request = { model, query, documents: texts, top_n: texts.length };
  // Cohere's second version has no such field; the others send every text back without it.
  return protocol === 'cohere' ? request : { ...request, return_documents: false };
}

/**
 * @param expected number of texts that were sent
 * @returns the scores as the endpoint gives them, in the order of the texts, and the tokens it counted (0 where it
 *   does not say)
 * @throws EndpointError where the answer has another shape, or not exactly one score for each text
 */
export function readScores(
  protocol: RerankProtocol,
  json: unknown,
  expected: number,
): { scores: number[]; tokens: number } {
  if (protocol === 'tei') {
    const answer = TeiAnswer.safeParse(json);
    if (!answer.success) throw otherShape(protocol);
    return { scores: inOrder(answer.data, expected), tokens: 0 };
  }
  const answer = ResultsAnswer.safeParse(json);
  if (!answer.success) throw otherShape(protocol);
  const { results, usage, meta } = answer.data;
  const scored = results.map(({ index, relevance_score }) => ({ index, score: relevance_score }));
  return {
    scores: inOrder(scored, expected),
    tokens: usage?.total_tokens ?? meta?.tokens?.input_tokens ?? 0,
  };
}

/**
 * TEI says 413 (older ones 422) and "batch size 40 > maximum allowed batch size 32"; others 400, in words of their own.
 * A 413 of a proxy is about bytes, of which fewer texts have fewer.
 */
export function readRefusal(status: number, body: string): EndpointError | undefined {
  const aboutBatch = /batch.?size|too many (documents|texts)/i.test(body);
  if (status !== 413 && !((status === 400 || status === 422) && aboutBatch)) return undefined;
  const limit = /max\w* (?:allowed )?batch.?size\D{0,8}(\d+)/i.exec(body)?.[1];
  return new BatchTooLargeError(status, limit === undefined ? undefined : Number(limit));
}

function inOrder(results: readonly { index: number; score: number }[], expected: number): number[] {
  const scores = new Map(results.map(({ index, score }) => [index, score]));
  const ordered = Array.from({ length: expected }, (_, index) => scores.get(index));
  if (results.length !== expected || ordered.includes(undefined))
    throw new EndpointError(
      `it gave ${results.length} scores for ${expected} texts, or not one for each`,
      false,
    );
  return ordered as number[];
}

function otherShape(protocol: RerankProtocol): EndpointError {
  const reason = `its answer does not have the shape of the ${protocol} rerank protocol; check RERANK_PROTOCOL`;
  return new EndpointError(reason, false);
}
