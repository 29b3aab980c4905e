import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs, CircuitBreaker, readRetryAfter, UserError } from '@midplane/kernel';

/** Attempts at one request, the first included, unless told otherwise. */
const ATTEMPTS = 4;
/** The mean pause before the second attempt, in ms; the next is twice as long, and so on. */
const FIRST_PAUSE_MS = 125;
/** An endpoint that wants to be left alone for longer is reported as unavailable instead (ms). */
const LONGEST_PAUSE_MS = 20_000;
/** After eight failures in a row nobody is sent to the endpoint for 10 s. */
const BREAKER = { failures: 8, restMs: 10_000 };

/** The endpoint answered, or failed to, in a way that its texts can't be worked on now; the message says how. */
export class EndpointError extends Error {
  override readonly name: string = 'EndpointError';
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

/** What an EndpointError says to the caller of a model: MODEL_UNAVAILABLE; any other error as it is. */
export function unavailable(model: string, error: unknown): unknown {
  if (!(error instanceof EndpointError)) return error;
  return new UserError('MODEL_UNAVAILABLE', { model, reason: error.message }, { cause: error });
}

export interface EndpointClientOptions {
  url: string;
  /** Sent as a bearer token; never part of a message. */
  apiKey?: string | undefined;
  /** Longest wait for one answer, in milliseconds; each attempt has it anew. */
  timeoutMs: number;
  /** The variables to check where the key is refused, and where the address or the model is unknown. */
  check: { key: string; path: string };
  /** Reads a refusal that means something in the endpoint's protocol. */
  refusal?: ((status: number, body: string) => EndpointError | undefined) | undefined;
}

export interface PostOptions {
  /** At most so many attempts, the first included. Default 4. */
  attempts?: number | undefined;
  /** No further attempt is begun after so many milliseconds. Default: no such limit. */
  patienceMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Posts JSON or a form to a model's endpoint, with a timeout, bounded retries and a circuit breaker. */
export class EndpointClient {
  readonly #options: EndpointClientOptions;
  readonly #breaker = new CircuitBreaker(BREAKER);

  constructor(options: EndpointClientOptions) {
    this.#options = options;
  }

  /**
   * @param body a form goes as it is, all else as JSON
   * @param read takes the answer's JSON apart; throws EndpointError where it is not what was asked for
   * @returns what `read` makes of the answer
   * @throws EndpointError, or the signal's reason
   */
  async post<T>(body: unknown, read: (json: unknown) => T, options: PostOptions = {}): Promise<T> {
    const { attempts = ATTEMPTS, patienceMs = Infinity, signal } = options;
    const begun = performance.now();
    const resting = this.#breaker.restingMs();
    if (resting > 0) {
      throw new EndpointError(
        `it failed again and again and is tried next in ${Math.ceil(resting / 1000)} s`,
        true,
      );
    }
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = read(await this.#ask(body, signal));
        this.#breaker.succeeded();
        return answer;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof EndpointError)) throw error;
        if (error.transient) this.#breaker.failed();
        const pause = error.retryAfterMs ?? backoffMs(attempt, FIRST_PAUSE_MS);
        const tooLate = performance.now() - begun + pause > patienceMs || pause > LONGEST_PAUSE_MS;
        if (!error.transient || attempt >= attempts || tooLate) throw error;
        await sleep(pause, undefined, { signal }).catch(() => signal?.throwIfAborted());
      }
    }
  }

  async #ask(body: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    const { url, apiKey, timeoutMs } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        method: 'POST',
        headers: {
          ...(body instanceof FormData ? {} : { 'content-type': 'application/json' }),
          ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}),
        },
        body: body instanceof FormData ? body : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      text = await response.text();
    } catch (error) {
      if (timeout.aborted) throw new EndpointError(`it did not answer within ${timeoutMs} ms`, true);
      throw new EndpointError(`it cannot be reached (${reasonOf(error)})`, true);
    }
    if (!response.ok) throw this.#refusal(response, text);
    try {
      return JSON.parse(text);
    } catch {
      // A proxy's error page or an answer cut off half-way: the next one may be whole.
      throw new EndpointError('its answer is not JSON', true);
    }
  }

  #refusal({ status, headers }: Response, body: string): EndpointError {
    const { check, refusal } = this.#options;
    const known = refusal?.(status, body);
    if (known) return known;
    if (status === 401 || status === 403)
      return new EndpointError(`it refuses the key (HTTP ${status}); check ${check.key}`, false);
    if (status === 404)
      return new EndpointError(`it knows no such path or model (HTTP 404); check ${check.path}`, false);
    const transient = status === 408 || status === 429 || status >= 500;
    return new EndpointError(
      `it answered HTTP ${status}`,
      transient,
      readRetryAfter(headers.get('retry-after')),
    );
  }
}

/** fetch hides why it failed in the error's cause; its code holds no address and no secret. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string } };
  return cause?.code ?? 'connection failed';
}
