/** Tells the time that is ours from the time that we wait for others. */
export class CallClock {
  readonly startedAt = performance.now();
  /** Waited for models, and between attempts, in ms. */
  upstreamMs = 0;
  /** Waited for the reader of the stream, in ms. */
  private readerMs = 0;

  /** Call before a model, or the next attempt, is waited for. @returns call when the waiting is over */
  upstream(): () => void {
    const from = performance.now();
    return () => void (this.upstreamMs += performance.now() - from);
  }

  /** The same for something that waits for a model all the while. */
  async during<T>(work: Promise<T>): Promise<T> {
    const over = this.upstream();
    try {
      return await work;
    } finally {
      over();
    }
  }

  /** Call before something is handed to the reader. @returns call when the reader asks for more */
  reader(): () => void {
    const from = performance.now();
    return () => void (this.readerMs += performance.now() - from);
  }

  /** Milliseconds since the beginning. */
  get totalMs(): number {
    return performance.now() - this.startedAt;
  }

  /** Milliseconds that were ours. */
  get overheadMs(): number {
    return Math.max(0, this.totalMs - this.upstreamMs - this.readerMs);
  }
}
