/** Counts the subscriptions that each key has open in this process. */
export class OpenStreams {
  private readonly counts = new Map<string, number>();

  /** @param limit of one key */
  constructor(private readonly limit: number) {}

  /** @returns what to call, once or more, when the stream has ended; undefined where there are too many */
  open(key: string): (() => void) | undefined {
    const count = this.counts.get(key) ?? 0;
    if (count >= this.limit) return undefined;
    this.counts.set(key, count + 1);
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      const left = this.counts.get(key)! - 1;
      if (left > 0) this.counts.set(key, left);
      else this.counts.delete(key);
    };
  }
}
