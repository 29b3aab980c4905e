import { LinkedAbort } from '@midplane/kernel';
import { UpstreamFailure } from '../provider/upstream-failure.js';

/** Why the request of an attempt that has failed ends. Nobody sees it. */
const LEFT = new Error('The attempt has ended.');

/** Aborts a request where a token doesn't come in time, or where the caller goes away. */
export class Watch {
  private readonly link: LinkedAbort;
  private timer: NodeJS.Timeout;
  private first = true;

  /**
   * @param firstTokenMs how long the first sign of life may take
   * @param tokenMs how long each next one may take
   */
  constructor(
    caller: AbortSignal,
    firstTokenMs: number,
    private readonly tokenMs: number,
  ) {
    this.link = new LinkedAbort(caller);
    this.timer = this.wait(firstTokenMs, 'firstToken');
  }

  /** Aborts the request. */
  get signal(): AbortSignal {
    return this.link.signal;
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
    this.link.release();
  }

  /** Ends the waiting, and the request where it still runs. */
  abort(): void {
    clearTimeout(this.timer);
    this.link.abort(() => LEFT);
    this.link.release();
  }

  private wait(ms: number, reason: 'firstToken' | 'stalled'): NodeJS.Timeout {
    return setTimeout(() => this.link.abort(() => new UpstreamFailure(reason, { number: ms / 1000 })), ms);
  }
}
