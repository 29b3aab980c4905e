import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import type { ChatModelOptions } from './chat.config.js';
import { countAttempt, timeFirstToken } from './chat.metrics.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { asModelFailure, ModelFailure } from './model-failure.js';

export type ChatMessage = { role: 'system' | 'user' | 'assistant'; content: string };

export interface ChatUsage {
  promptTokens: number;
  completionTokens: number;
}

/** What is known once a stream has ended whole. */
export interface ChatEnd {
  /** As the endpoint counted; undefined where it does not say. */
  usage: ChatUsage | undefined;
  /** The model as the endpoint names it, with its fingerprint where it has one. */
  version: string;
}

export interface ChatCall {
  messages: ChatMessage[];
  maxTokens: number;
  signal: AbortSignal;
  /** Default: the configured one. */
  firstTokenTimeoutMs?: number;
}

const ATTEMPTS = 3;
/** A longer wait is not worth it to somebody who waits for an answer. */
const LONGEST_WAIT_MS = 5_000;
/** A token is rarely longer; an endpoint that sends more than this a token has lost its way. */
const CHARACTERS_A_TOKEN = 16;

/**
 * Talks to an OpenAI-compatible chat endpoint. Only until the first token has come is anything tried again: up to
 * three attempts for a refused connection, 408, 429 and 5xx, with jitter and as Retry-After asks. A connection
 * that isn't there after 10 s (Node's own limit), a first token or a next one that doesn't come in time, and an
 * end without a finish reason are failures.
 */
export class ChatModelClient {
  readonly model: string;
  private readonly client: OpenAI;
  private readonly breaker = new CircuitBreaker();

  constructor(private readonly options: ChatModelOptions) {
    this.model = options.model;
    this.client = new OpenAI({
      baseURL: options.baseUrl,
      // The library insists on one; endpoints on one's own machine often want none.
      apiKey: options.apiKey ?? 'none',
      organization: null,
      project: null,
      maxRetries: 0,
      timeout: 3_600_000,
      logLevel: 'off',
    });
  }

  /**
   * Gives the answer's pieces as they come.
   * @throws UserError MODEL_UNAVAILABLE; the signal's reason where the caller goes away
   */
  async *stream(call: ChatCall): AsyncGenerator<string, ChatEnd> {
    for (let attempt = 1; ; attempt++) {
      const rest = this.breaker.restingMs();
      if (rest > 0) throw new ModelFailure('resting', Math.ceil(rest / 1000)).toProblem(this.model);
      const progress = { started: false };
      try {
        const end = yield* this.attempt(call, progress);
        this.breaker.succeeded();
        countAttempt(this.model, 'ok');
        return end;
      } catch (thrown) {
        if (call.signal.aborted) countAttempt(this.model, 'left');
        call.signal.throwIfAborted();
        const failure = asModelFailure(thrown, progress.started);
        countAttempt(this.model, failure.reason);
        if (failure.isFault) this.breaker.failed();
        const wait = failure.retryAfterMs ?? 200 * 2 ** attempt * (0.5 + Math.random());
        if (progress.started || !failure.retryable || attempt === ATTEMPTS || wait > LONGEST_WAIT_MS) {
          throw failure.toProblem(this.model);
        }
        await sleep(wait, undefined, { signal: call.signal });
      }
    }
  }

  /** The whole answer at once, for short tasks. @throws as {@link stream} */
  async complete(call: ChatCall): Promise<string> {
    let text = '';
    for await (const piece of this.stream(call)) text += piece;
    return text;
  }

  private async *attempt(call: ChatCall, progress: { started: boolean }): AsyncGenerator<string, ChatEnd> {
    const watch = new Watch(call.signal);
    const { tokenTimeoutMs, firstTokenTimeoutMs } = this.options;
    const firstMs = call.firstTokenTimeoutMs ?? firstTokenTimeoutMs;
    try {
      watch.expect(firstMs, new ModelFailure('firstToken', firstMs / 1000));
      const first = timeFirstToken(this.model);
      const chunks = await this.client.chat.completions.create(
        {
          model: this.model,
          messages: call.messages,
          temperature: 0,
          max_tokens: call.maxTokens,
          stream: true,
          stream_options: { include_usage: true },
        },
        { signal: watch.signal },
      );
      let finish: string | null = null;
      let characters = 0;
      const end: ChatEnd = { usage: undefined, version: this.model };
      for await (const chunk of chunks) {
        end.version = [chunk.model, chunk.system_fingerprint].filter(Boolean).join(' ') || end.version;
        if (chunk.usage) {
          end.usage = {
            promptTokens: chunk.usage.prompt_tokens,
            completionTokens: chunk.usage.completion_tokens,
          };
        }
        const choice = chunk.choices?.[0];
        finish = choice?.finish_reason ?? finish;
        const text = choice?.delta?.content;
        // Thinking out loud in a field of its own is progress as well.
        if (choice) watch.expect(tokenTimeoutMs, new ModelFailure('stalled', tokenTimeoutMs / 1000));
        if (!text) continue;
        characters += text.length;
        if (characters > call.maxTokens * CHARACTERS_A_TOKEN) throw new ModelFailure('cut', call.maxTokens);
        if (!progress.started) first();
        progress.started = true;
        yield text;
      }
      watch.check();
      if (finish === 'length') throw new ModelFailure('cut', call.maxTokens);
      if (finish === 'content_filter') throw new ModelFailure('filtered');
      if (finish === null) throw new ModelFailure('interrupted', 0, characters === 0);
      return end;
    } catch (thrown) {
      watch.check();
      throw thrown;
    } finally {
      watch.stop();
    }
  }
}

/** Aborts a request where something expected doesn't come in time, or where the caller goes away. */
class Watch {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  readonly signal: AbortSignal;

  constructor(caller: AbortSignal) {
    this.signal = AbortSignal.any([caller, this.controller.signal]);
  }

  /** Starts waiting anew. */
  expect(ms: number, orElse: ModelFailure): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.controller.abort(orElse), ms);
  }

  /** @throws what was waited for in vain, or the caller's reason; the library reports either as a mere abort */
  check(): void {
    this.signal.throwIfAborted();
  }

  /** Ends the waiting, and the request where it still runs. */
  stop(): void {
    clearTimeout(this.timer);
    this.controller.abort();
  }
}
