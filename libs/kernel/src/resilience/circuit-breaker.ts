export interface CircuitBreakerOptions {
  /** Failures in a row after which it is left alone, 1 or more. */
  failures: number;
  /** For how long, in ms. After it one failure more is enough to rest again. */
  restMs: number;
}

/** Spares something that keeps failing, and its callers the wait. */
export class CircuitBreaker {
  readonly #tolerated: number;
  readonly #restMs: number;
  #failures = 0;
  #restUntil = 0;

  constructor({ failures, restMs }: CircuitBreakerOptions) {
    this.#tolerated = failures;
    this.#restMs = restMs;
  }

  /** @returns how many ms it rests still; 0: it may be called */
  restingMs(): number {
    if (this.#failures < this.#tolerated) return 0;
    return Math.max(0, this.#restUntil - performance.now());
  }

  /**
   * Asks to be let through: after a rest it is one call that tries, and the others go on resting until it is known
   * how that one went, for another rest at the most.
   * @returns how many ms it rests still; 0: call it, and say how that went
   */
  admit(): number {
    const left = this.restingMs();
    if (left === 0 && this.#failures >= this.#tolerated) this.#rest();
    return left;
  }

  /** Whether it failed of late, and whether so often that it rests. */
  get health(): 'UP' | 'DEGRADED' | 'DOWN' {
    if (this.#failures === 0) return 'UP';
    return this.#failures < this.#tolerated ? 'DEGRADED' : 'DOWN';
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures += 1;
    if (this.#failures >= this.#tolerated) this.#rest();
  }

  #rest(): void {
    this.#restUntil = performance.now() + this.#restMs;
  }
}
