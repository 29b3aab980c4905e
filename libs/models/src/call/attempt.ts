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

/** One request to one deployment, and what came of it so far. It is to be left in the end, however it went. */
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
  private whole = false;
  private readonly watch: Watch;
  private readonly batches: AsyncIterator<UpstreamEvent[], void>;
  /** What is to be thrown after the pieces that came before it. */
  private failure: { error: unknown } | undefined;

  constructor(private readonly input: AttemptInput) {
    const { deployment, request, signal } = input;
    this.version = deployment.version;
    const { firstTokenTimeoutMs, tokenTimeoutMs } = deployment;
    this.watch = new Watch(signal, request.firstTokenTimeoutMs ?? firstTokenTimeoutMs, tokenTimeoutMs);
    this.batches = this.request(this.watch.signal);
  }

  /**
   * @returns the answer's next pieces; undefined when it has ended whole
   * @throws UpstreamFailure, or what the connection throws; the signal's reason where the caller goes away
   */
  async next(): Promise<Piece[] | undefined> {
    try {
      for (;;) {
        if (this.failure) throw this.failure.error;
        const batch = await this.nextBatch();
        if (!batch) return undefined;
        const pieces: Piece[] = [];
        try {
          for (const event of batch) this.read(event, pieces);
        } catch (error) {
          this.failure = { error };
        }
        if (pieces.length > 0) return pieces;
      }
    } catch (thrown) {
      this.watch.check();
      throw thrown;
    }
  }

  /** Ends the waiting, and the request where it still runs. */
  async leave(): Promise<void> {
    if (this.whole) this.watch.stop();
    else this.watch.abort();
    await this.batches.return?.();
  }

  private async nextBatch(): Promise<UpstreamEvent[] | undefined> {
    const arrived = this.input.clock.upstream();
    try {
      const step = await this.batches.next();
      if (!step.done) return step.value;
    } finally {
      arrived();
    }
    this.watch.check();
    if (!this.finish) throw new UpstreamFailure('interrupted', { retryable: !this.started });
    this.whole = true;
    return undefined;
  }

  private request(signal: AbortSignal): AsyncIterator<UpstreamEvent[], void> {
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
  private read(event: UpstreamEvent, pieces: Piece[]): void {
    // Thinking out loud in a field of its own is progress as well.
    if (event.type !== 'version') this.watch.alive();
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
