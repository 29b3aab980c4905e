import { aside } from '../context/aside.js';

/** How old a value may be, in ms: a change that nobody tells of counts at most this much later. */
const FRESH_MS = 2_000;
/** From this age on it is read anew while the old one still serves. */
const RENEW_MS = 1_000;
/** For how long after its last use it is kept fresh all the same, so that a call after a pause doesn't wait for it. */
const IN_USE_MS = 30_000;
/** Values that are kept fresh in a pause at most: each costs the database a query a second. */
const MOST_IN_PAUSE = 50;

interface Kept<V> {
  value: V;
  /** When it was asked for. */
  since: number;
  usedAt: number;
  renewing: boolean;
}

/**
 * Values that are asked for with every call and seldom change, kept for a moment and read anew before that is over. A
 * value whose reading fails grows too old, and whoever asks for it then is told.
 */
export class KeptFresh<V> {
  private readonly kept = new Map<string, Kept<V>>();
  private readonly reading = new Map<string, Promise<V | undefined>>();
  private inPause = 0;

  /**
   * @param read gives what a key stands for; undefined, which is not kept: nothing
   * @param most how many are kept
   */
  constructor(
    private readonly read: (key: string) => Promise<V | undefined>,
    private readonly most: number,
  ) {}

  /** @returns the value, at most two seconds old. @throws what reading it throws */
  async get(key: string): Promise<V | undefined> {
    const kept = this.kept.get(key);
    const now = performance.now();
    if (!kept || now - kept.since > FRESH_MS) return this.readAnew(key, now);
    kept.usedAt = now;
    if (now - kept.since > RENEW_MS) this.renew(key, kept);
    return kept.value;
  }

  /** Forgets one value, or all, so that a change counts at once in this process. */
  forget(key?: string): void {
    for (const map of [this.kept, this.reading]) {
      if (key === undefined) map.clear();
      else map.delete(key);
    }
  }

  private renew(key: string, kept: Kept<V>): void {
    if (kept.renewing) return;
    kept.renewing = true;
    aside(() => void this.readAnew(key, kept.usedAt).catch(() => (kept.renewing = false)));
  }

  /** Reads a value, once for all who wait for the same one. */
  private readAnew(key: string, usedAt: number): Promise<V | undefined> {
    const running = this.reading.get(key);
    if (running) return running;
    const since = performance.now();
    const reading = this.read(key)
      .then((value) => {
        // What was forgotten meanwhile may have changed: this answer is not kept.
        if (this.reading.get(key) === reading) this.keep(key, value, since, usedAt);
        return value;
      })
      .finally(() => {
        if (this.reading.get(key) === reading) this.reading.delete(key);
      });
    this.reading.set(key, reading);
    return reading;
  }

  private keep(key: string, value: V | undefined, since: number, usedAt: number): void {
    const before = this.kept.get(key);
    if (value === undefined) {
      this.kept.delete(key);
      return;
    }
    if (this.kept.size >= this.most) this.kept.clear();
    const kept = { value, since, usedAt: Math.max(usedAt, before?.usedAt ?? 0), renewing: false };
    this.kept.set(key, kept);
    this.keepInPause(key, kept);
  }

  private keepInPause(key: string, kept: Kept<V>): void {
    if (this.inPause >= MOST_IN_PAUSE) return;
    this.inPause++;
    setTimeout(() => {
      this.inPause--;
      const inUse = performance.now() - kept.usedAt < IN_USE_MS;
      if (inUse && this.kept.get(key) === kept) this.renew(key, kept);
    }, RENEW_MS).unref();
  }
}
