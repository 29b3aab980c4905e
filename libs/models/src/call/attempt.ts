import type { ChatRequest, FinishReason } from '@midplane/contracts';
import type { Deployment } from '../catalog/catalog.js';
import type { ChatProvider, UpstreamEvent } from '../provider/chat-provider.port.js';
import { UpstreamFailure } from '../provider/upstream-failure.js';
import type { CallClock } from './clock.js';
import { Watch } from './watch.js';

/** A token is rarely longer; a model that sends more than this a token has lost its way. */
const CHARACTERS_A_TOKEN = 16;

/** What of an answer is sent on. */
export type Piece = Extract<UpstreamEvent, { type: 'text' | 'reasoning' | 'toolCall' }>;

export interface AttemptInput {
  request: ChatRequest;
  deployment: Deployment;
  provider: ChatProvider;
  maxTokens: number;
  signal: AbortSignal;
  clock: CallClock;
}

/** One request to one deployment, and what came of it so far. */
export class Attempt {
  /** Whether something of the answer has come. */
  started = false;
  version: string;
  finish: FinishReason | undefined;
  /** As the provider counted; undefined where it doesn't say. */
  promptTokens: number | undefined;
  completionTokens: number | undefined;
  /** Characters that came. */
  characters = 0;

  constructor(private readonly input: AttemptInput) {
    this.version = input.deployment.version;
  }

  /**
   * Gives the answer's pieces as they come, and returns when it has ended whole.
   * @throws UpstreamFailure, or what the connection throws; the signal's reason where the caller goes away
   */
  async *pieces(): AsyncGenerator<Piece[], void> {
    const { deployment, request, signal, clock } = this.input;
    const { firstTokenTimeoutMs, tokenTimeoutMs } = deployment;
    const watch = new Watch(signal, request.firstTokenTimeoutMs ?? firstTokenTimeoutMs, tokenTimeoutMs);
    const batches = this.request(watch.signal);
    let whole = false;
    try {
      for (;;) {
        const step = await clock.upstream(batches.next());
        if (step.done) break;
        const pieces: Piece[] = [];
        try {
          for (const event of step.value) this.read(event, watch, pieces);
        } finally {
          // Also what came before a piece that is one too many.
          if (pieces.length > 0) yield pieces;
        }
      }
      watch.check();
      whole = this.finish !== undefined;
      if (!this.finish) throw new UpstreamFailure('interrupted', { retryable: !this.started });
    } catch (thrown) {
      watch.check();
      throw thrown;
    } finally {
      if (whole) watch.stop();
      else watch.abort();
      await batches.return();
    }
  }

  private request(signal: AbortSignal): AsyncGenerator<UpstreamEvent[], void> {
    const { deployment, provider, request, maxTokens } = this.input;
    return provider.stream(
      { ...request, model: deployment.upstreamName, maxTokens },
      {
        baseUrl: deployment.provider.baseUrl,
        apiKey: deployment.provider.apiKey,
        connectTimeoutMs: deployment.connectTimeoutMs,
      },
      signal,
    );
  }

  /** @throws UpstreamFailure where the answer goes on without end */
  private read(event: UpstreamEvent, watch: Watch, pieces: Piece[]): void {
    // Thinking out loud in a field of its own is progress as well.
    if (event.type !== 'version') watch.alive();
    if (event.type === 'version') this.version = event.version;
    else if (event.type === 'finish') this.finish = event.reason;
    else if (event.type === 'usage') {
      this.promptTokens = event.promptTokens ?? this.promptTokens;
      this.completionTokens = event.completionTokens ?? this.completionTokens;
    } else if (event.type !== 'alive') {
      this.characters += event.type === 'toolCall' ? event.arguments.length : event.text.length;
      const { maxTokens } = this.input;
      if (this.characters > maxTokens * CHARACTERS_A_TOKEN) {
        throw new UpstreamFailure('endless', { number: maxTokens });
      }
      this.started = true;
      pieces.push(event);
    }
  }
}
