import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CircuitBreaker } from './circuit-breaker.js';

/** Attempts at one request, the first included. */
const ATTEMPTS = 4;
/** The first pause before another attempt is up to this long, the next up to twice as long, and so on (ms). */
const FIRST_PAUSE_MS = 250;
/** An endpoint that wants to be left alone for longer is reported as unavailable instead (ms). */
const LONGEST_PAUSE_MS = 20_000;

/** @see https://platform.openai.com/docs/api-reference/embeddings */
const EmbeddingsAnswer = z.object({
  data: z.array(z.object({ index: z.int().min(0).optional(), embedding: z.array(z.number()) })),
  usage: z.object({ total_tokens: z.number().optional() }).nullish(),
});

/** The endpoint answered, or failed to, in a way that its texts can't be embedded now; the message says how. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
  /** Milliseconds that the endpoint asks to wait before another attempt; undefined: it names no time. */
  readonly retryAfterMs: number | undefined;
  /** Whether the same request may succeed later. */
  readonly transient: boolean;

  constructor(message: string, transient: boolean, retryAfterMs?: number) {
    super(message);
    this.transient = transient;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Speaks OpenAI's embeddings protocol, with a timeout, bounded retries and a circuit breaker. */
export class EndpointClient {
  readonly #url: string;
  readonly #model: string;
  readonly #apiKey: string | undefined;
  readonly #timeoutMs: number;
  readonly #breaker = new CircuitBreaker();

  /**
   * @param baseUrl up to `/v1`
   * @param timeoutMs longest wait for one answer; each attempt has it anew
   */
  constructor(options: { baseUrl: string; model: string; apiKey?: string | undefined; timeoutMs: number }) {
    this.#url = `${options.baseUrl.replace(/\/+$/, '')}/embeddings`;
    this.#model = options.model;
    this.#apiKey = options.apiKey;
    this.#timeoutMs = options.timeoutMs;
  }

  /**
   * @returns the vectors as the endpoint gives them, in the order of the texts, and the tokens it counted (0 where
   *   it does not say)
   * @throws EndpointError, or the signal's reason
   */
  async embed(
    texts: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ vectors: Float32Array[]; tokens: number }> {
    const resting = this.#breaker.restingMs();
    if (resting > 0) {
      throw new EndpointError(
        `it failed again and again and is tried next in ${Math.ceil(resting / 1000)} s`,
        true,
      );
    }
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await this.#ask(texts, signal);
        this.#breaker.succeeded();
        return answer;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof EndpointError)) throw error;
        if (error.transient) this.#breaker.failed();
        const pause = error.retryAfterMs ?? Math.random() * FIRST_PAUSE_MS * 2 ** (attempt - 1);
        if (!error.transient || attempt === ATTEMPTS || pause > LONGEST_PAUSE_MS) throw error;
        await sleep(pause, undefined, { signal }).catch(() => signal?.throwIfAborted());
      }
    }
  }

  async #ask(
    texts: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<{ vectors: Float32Array[]; tokens: number }> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    let response: Response;
    let body: string;
    try {
      response = await fetch(this.#url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(this.#apiKey ? { authorization: `Bearer ${this.#apiKey}` } : {}),
        },
        body: JSON.stringify({ model: this.#model, input: texts, encoding_format: 'float' }),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      body = await response.text();
    } catch (error) {
      if (timeout.aborted) throw new EndpointError(`it did not answer within ${this.#timeoutMs} ms`, true);
      throw new EndpointError(`it cannot be reached (${reasonOf(error)})`, true);
    }
    if (!response.ok) throw refusal(response);
    return readAnswer(body, texts.length);
  }
}

function refusal({ status, headers }: Response): EndpointError {
  if (status === 401 || status === 403) {
    return new EndpointError(`it refuses the key (HTTP ${status}); check EMBEDDING_API_KEY`, false);
  }
  if (status === 404) {
    return new EndpointError(
      'it knows no such path or model (HTTP 404); check EMBEDDING_BASE_URL and EMBEDDING_MODEL',
      false,
    );
  }
  const transient = status === 408 || status === 429 || status >= 500;
  return new EndpointError(`it answered HTTP ${status}`, transient, retryAfter(headers.get('retry-after')));
}

/** @param header seconds, or a date (RFC 9110, 10.2.3). */
function retryAfter(header: string | null): number | undefined {
  if (!header) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function readAnswer(body: string, expected: number): { vectors: Float32Array[]; tokens: number } {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    // A proxy's error page or an answer cut off half-way: the next one may be whole.
    throw new EndpointError('its answer is not JSON', true);
  }
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

/** fetch hides why it failed in the error's cause; its code holds no address and no secret. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string } };
  return cause?.code ?? 'connection failed';
}
