import { createParser } from 'eventsource-parser';
import { Agent, type Dispatcher } from 'undici';
import type { ModelHosts } from './model-hosts.js';
import { statusFailure, UpstreamFailure } from './upstream-failure.js';

/** Most that is read of an answer that is an error, in bytes. */
const ERROR_BYTES = 16_384;
/** Most that one event may hold, in characters: more is not a token. */
const EVENT_CHARACTERS = 4_000_000;

/** From so much that nobody has read yet, in bytes, the endpoint is made to wait. */
const HELD_BYTES = 65_536;

/**
 * Pieces that follow each other faster than a screen shows them go on together: each costs the way through the gateway
 * and a packet to the reader. The first ones, and the end, go as they come.
 */
const GATHER_MS = 25;
const FIRST_AT_ONCE = 3;

/** What may come after the protocol's end, and for how long it is waited for; else the connection is closed. */
const LAST_BYTES = 16_384;
const LAST_BYTES_MS = 1_000;

export interface UpstreamPost {
  url: string;
  headers: Record<string, string>;
  body: unknown;
  connectTimeoutMs: number;
  signal: AbortSignal;
}

/** Where a URL leads, and whether it may be gone to. */
interface Target {
  origin: string;
  path: string;
  allowed: boolean;
}

/** URLs whose target is remembered. */
const MOST_TARGETS = 1_000;

/** Sends requests to providers over connections that are kept, and reads their event streams. */
export class UpstreamHttp {
  private readonly agents = new Map<number, Agent>();
  private readonly targets = new Map<string, Target>();

  /** @param hosts which hosts may be reached */
  constructor(private readonly hosts: ModelHosts) {}

  /**
   * @returns the data of server-sent events, as many at once as came at once
   * @throws UpstreamFailure for a host that may not be reached, a status that is not 2xx, or an answer that is no event
   *   stream; what the connection throws where it fails
   */
  events({ url, headers, body, connectTimeoutMs, signal }: UpstreamPost): EventStream {
    const { origin, path, allowed } = this.target(url);
    const stream = new EventStream(signal);
    if (allowed) {
      const request: Dispatcher.DispatchOptions = {
        origin,
        path,
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify(body),
      };
      this.agent(connectTimeoutMs).dispatch(request, stream);
    } else stream.fail(new UpstreamFailure('forbidden'));
    return stream;
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await Promise.all([...this.agents.values()].map((agent) => agent.destroy()));
  }

  private target(url: string): Target {
    let target = this.targets.get(url);
    if (!target) {
      const { origin, pathname, search, hostname } = new URL(url);
      target = { origin, path: `${pathname}${search}`, allowed: this.hosts.allows(hostname) };
      if (this.targets.size >= MOST_TARGETS) this.targets.clear();
      this.targets.set(url, target);
    }
    return target;
  }

  private agent(connectTimeoutMs: number): Agent {
    let agent = this.agents.get(connectTimeoutMs);
    if (!agent) {
      const connect = { timeout: connectTimeoutMs, lookup: this.hosts.lookup };
      // How long an answer may take is watched token by token, not here.
      agent = new Agent({ connect, headersTimeout: 0, bodyTimeout: 0 });
      this.agents.set(connectTimeoutMs, agent);
    }
    return agent;
  }
}

type Batch = IteratorResult<string[], undefined>;

/**
 * The events of one answer. Who stops reading after the protocol's end leaves the last bytes of HTTP to be read here,
 * which frees the connection for the next call; who goes away before that aborts the signal, which closes it.
 */
export class EventStream implements AsyncIterableIterator<string[], undefined>, Dispatcher.DispatchHandler {
  private ready: string[] = [];
  private held = 0;
  private status = 200;
  private headers: Record<string, string | string[] | undefined> = {};
  /** The body of an answer that is an error. */
  private error: Buffer[] | undefined;
  private controller: Dispatcher.DispatchController | undefined;
  private waiting: { resolve(batch: Batch): void; reject(error: unknown): void } | undefined;
  private failure: { error: unknown } | undefined;
  private ended = false;
  private left: { bytes: number; timer: NodeJS.Timeout } | undefined;
  /** How often, and when last, something was handed on. */
  private handed = 0;
  private handedAt = 0;
  private gathering: NodeJS.Timeout | undefined;
  private readonly decoder = new TextDecoder();
  private readonly parser = createParser({
    maxBufferSize: EVENT_CHARACTERS,
    onEvent: ({ data }) => this.ready.push(data),
    onError: (error) => {
      // Fields that the standard doesn't know are to be passed over.
      if (error.type === 'unknown-field' || error.type === 'invalid-retry') return;
      this.close(new UpstreamFailure('garbled', { detail: error.message, retryable: true, cause: error }));
    },
  });
  /** Bound, as that of a `LinkedAbort`. */
  private readonly onAbort = this.closeAborted.bind(this);

  constructor(private readonly signal: AbortSignal) {
    if (signal.aborted) this.onAbort();
    else signal.addEventListener('abort', this.onAbort, { once: true });
  }

  next(): Promise<Batch> {
    if (this.ready.length > 0) return Promise.resolve({ done: false, value: this.take() });
    if (this.failure) return Promise.reject(this.failure.error as Error);
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => (this.waiting = { resolve, reject }));
  }

  async return(): Promise<Batch> {
    if (!this.ended && !this.failure) {
      const timer = setTimeout(() => this.close(new Error('left')), LAST_BYTES_MS);
      this.left = { bytes: 0, timer };
      this.resume();
    }
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.failure) controller.abort(asError(this.failure.error));
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.status = status;
    this.headers = headers;
    if (status < 200 || status > 299) this.error = [];
    else if (!/^text\/event-stream\b/i.test(String(headers['content-type'] ?? ''))) {
      const detail = 'it answers with no event stream';
      this.close(new UpstreamFailure('garbled', { detail, retryable: true }));
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.failure) return;
    if (this.error) {
      this.error.push(bytes);
      this.held += bytes.length;
      if (this.held > ERROR_BYTES) this.close(this.statusFailure());
      return;
    }
    if (this.left) {
      this.left.bytes += bytes.length;
      if (this.left.bytes > LAST_BYTES) this.close(new Error('left'));
      return;
    }
    this.held += bytes.length;
    this.parser.feed(this.decoder.decode(bytes, { stream: true }));
    if (this.held > HELD_BYTES && this.ready.length > 0) controller.pause();
    this.gather();
  }

  onResponseEnd(): void {
    this.ended = true;
    if (this.error) this.failure ??= { error: this.statusFailure() };
    this.settle();
  }

  onResponseError(_: Dispatcher.DispatchController | undefined, error: Error): void {
    // An answer that was an error stays one, whole or not.
    this.fail(this.error ? this.statusFailure() : error);
  }

  /** Ends the stream with an error, after what is ready. */
  fail(error: unknown): void {
    this.failure ??= { error };
    this.settle();
  }

  /** The same, and closes the connection. */
  private close(error: unknown): void {
    this.fail(error);
    this.controller?.abort(asError(error));
  }

  private closeAborted(): void {
    this.close(this.signal.reason);
  }

  private settle(): void {
    clearTimeout(this.left?.timer);
    clearTimeout(this.gathering);
    this.signal.removeEventListener('abort', this.onAbort);
    this.tell();
  }

  /** Hands on what there is, soon after the last time together with what comes until then. */
  private gather(): void {
    const restMs = this.handed < FIRST_AT_ONCE ? 0 : this.handedAt + GATHER_MS - performance.now();
    if (restMs <= 0) this.tell();
    else this.gathering ??= setTimeout(() => this.tell(), restMs);
  }

  /** Hands what there is to who waits for it. */
  private tell(): void {
    const { waiting } = this;
    if (!waiting) return;
    if (this.ready.length > 0) {
      this.waiting = undefined;
      waiting.resolve({ done: false, value: this.take() });
    } else if (this.failure) {
      this.waiting = undefined;
      waiting.reject(this.failure.error);
    } else if (this.ended) {
      this.waiting = undefined;
      waiting.resolve({ done: true, value: undefined });
    }
  }

  private take(): string[] {
    const batch = this.ready;
    this.ready = [];
    this.handed++;
    this.handedAt = performance.now();
    clearTimeout(this.gathering);
    this.gathering = undefined;
    this.resume();
    return batch;
  }

  private resume(): void {
    this.held = 0;
    if (this.controller?.paused) this.controller.resume();
  }

  private statusFailure(): UpstreamFailure {
    return statusFailure(this.status, this.headers, errorMessage(Buffer.concat(this.error ?? [])));
  }
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

/** @returns `error.message` of a JSON error, as OpenAI and Anthropic both have it */
function errorMessage(body: Buffer): string | undefined {
  try {
    const { error } = JSON.parse(body.toString()) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? error.message : undefined;
  } catch {
    return undefined;
  }
}
