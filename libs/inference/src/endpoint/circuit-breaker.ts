/** Failures in a row after which nobody is sent to the endpoint for a while. */
const TOLERATED_FAILURES = 8;
/** How long that is, in ms. After it one failure more is enough to rest again. */
const REST_MS = 10_000;

/** Keeps callers from waiting for something that has just failed again and again. */
export class CircuitBreaker {
  #failures = 0;
  #restUntil = 0;

  /** @returns milliseconds until the next attempt may be made; 0: now */
  restingMs(): number {
    return Math.max(0, this.#restUntil - performance.now());
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures += 1;
    if (this.#failures >= TOLERATED_FAILURES) this.#restUntil = performance.now() + REST_MS;
  }
}
