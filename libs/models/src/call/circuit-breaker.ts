/** Failures in a row after which a deployment is left alone. */
const FAILURES = 5;
/** For how long, in ms. */
const REST_MS = 15_000;

/** Spares a deployment that keeps failing, and its callers the wait. After the rest one call is let through. */
export class CircuitBreaker {
  private failures = 0;
  private openUntil = 0;

  /** @returns how many ms it rests still; 0: it may be called */
  restingMs(now = Date.now()): number {
    if (this.failures < FAILURES) return 0;
    const left = this.openUntil - now;
    if (left > 0) return left;
    // One call tries; the others wait for how it goes.
    this.openUntil = now + REST_MS;
    return 0;
  }

  /** Whether it failed of late, and whether so often that it rests. */
  get health(): 'UP' | 'DEGRADED' | 'DOWN' {
    if (this.failures === 0) return 'UP';
    return this.failures < FAILURES ? 'DEGRADED' : 'DOWN';
  }

  succeeded(): void {
    this.failures = 0;
  }

  failed(now = Date.now()): void {
    this.failures++;
    if (this.failures >= FAILURES) this.openUntil = now + REST_MS;
  }
}
