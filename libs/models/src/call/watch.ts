import { UpstreamFailure } from '../provider/upstream-failure.js';

/** Aborts a request where a token doesn't come in time, or where the caller goes away. */
export class Watch {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout;
  private first = true;
  readonly signal: AbortSignal;

  /**
   * @param firstTokenMs how long the first sign of life may take
   * @param tokenMs how long each next one may take
   */
  constructor(
    caller: AbortSignal,
    firstTokenMs: number,
    private readonly tokenMs: number,
  ) {
    this.signal = AbortSignal.any([caller, this.controller.signal]);
    this.timer = this.wait(firstTokenMs, 'firstToken');
  }

  /** Something came: the waiting begins anew. */
  alive(): void {
    if (this.first) {
      this.first = false;
      clearTimeout(this.timer);
      this.timer = this.wait(this.tokenMs, 'stalled');
    } else this.timer.refresh();
  }

  /** @throws what was waited for in vain, or the caller's reason; the connection reports either as a mere abort */
  check(): void {
    this.signal.throwIfAborted();
  }

  /** Ends the waiting. */
  stop(): void {
    clearTimeout(this.timer);
  }

  /** Ends the waiting, and the request where it still runs. */
  abort(): void {
    this.stop();
    this.controller.abort();
  }

  private wait(ms: number, reason: 'firstToken' | 'stalled'): NodeJS.Timeout {
    return setTimeout(() => this.controller.abort(new UpstreamFailure(reason, { number: ms / 1000 })), ms);
  }
}
