import { createParser } from 'eventsource-parser';
import { Agent } from 'undici';
import { type FailureOptions, statusFailure, UpstreamFailure } from './upstream-failure.js';

/** Most that is read of an answer that is an error, in bytes. */
const ERROR_BYTES = 16_384;
/** Most that one event may hold, in characters: more is not a token. */
const EVENT_CHARACTERS = 4_000_000;

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

/** Sends requests to providers over connections that are kept, and reads their event streams. */
export class UpstreamHttp {
  private readonly agents = new Map<number, Agent>();

  /**
   * @returns the data of each server-sent event, as it comes
   * @throws UpstreamFailure for a status that is not 2xx, or an answer that is no event stream; what the connection
   *   throws where it fails
   */
  async *events({
    url,
    headers,
    body,
    connectTimeoutMs,
    signal,
  }: UpstreamPost): AsyncGenerator<string, void> {
    const target = new URL(url);
    const response = await this.agent(connectTimeoutMs).request({
      origin: target.origin,
      path: `${target.pathname}${target.search}`,
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify(body),
      signal,
    });
    if (response.statusCode < 200 || response.statusCode > 299) {
      const message = await errorMessage(response.body);
      throw statusFailure(response.statusCode, response.headers, message);
    }
    if (!/^text\/event-stream\b/i.test(String(response.headers['content-type'] ?? ''))) {
      response.body.destroy();
      throw garbled('it answers with no event stream');
    }
    const ready: string[] = [];
    let broken: Error | undefined;
    const parser = createParser({
      maxBufferSize: EVENT_CHARACTERS,
      onEvent: ({ data }) => ready.push(data),
      onError: (error) => {
        // Fields that the standard doesn't know are to be passed over.
        if (error.type !== 'unknown-field' && error.type !== 'invalid-retry') broken = error;
      },
    });
    const decoder = new TextDecoder();
    try {
      for await (const bytes of response.body.iterator({ destroyOnReturn: false })) {
        parser.feed(decoder.decode(bytes as Buffer, { stream: true }));
        if (broken) throw garbled(broken.message, { cause: broken });
        yield* ready;
        ready.length = 0;
      }
    } finally {
      // Who has read the protocol's end leaves the last bytes of HTTP unread: read, they free the connection for the
      // next call. Who goes away before that aborts the signal, which ends it.
      if (!response.body.readableEnded) {
        const signal = AbortSignal.timeout(LAST_BYTES_MS);
        response.body.dump({ limit: LAST_BYTES, signal }).catch(() => undefined);
      }
    }
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await Promise.all([...this.agents.values()].map((agent) => agent.destroy()));
  }

  private agent(connectTimeoutMs: number): Agent {
    let agent = this.agents.get(connectTimeoutMs);
    if (!agent) {
      // How long an answer may take is watched token by token, not here.
      agent = new Agent({ connect: { timeout: connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0 });
      this.agents.set(connectTimeoutMs, agent);
    }
    return agent;
  }
}

const garbled = (detail: string, options: FailureOptions = {}) =>
  new UpstreamFailure('garbled', { detail, retryable: true, ...options });

/** @returns `error.message` of a JSON error, as OpenAI and Anthropic both have it */
async function errorMessage(
  body: AsyncIterable<Buffer> & { destroy(): unknown },
): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of body) {
      parts.push(part);
      size += part.length;
      if (size > ERROR_BYTES) break;
    }
    const { error } = JSON.parse(Buffer.concat(parts).toString()) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? error.message : undefined;
  } catch {
    return undefined;
  } finally {
    body.destroy();
  }
}
