/** The highest scored of many. */
export class Best<T extends { score: number }> {
  /** What does not score higher is none of them. */
  least = -Infinity;
  private kept: T[] = [];

  /** @param limit how many are looked for */
  constructor(private readonly limit: number) {}

  add(scored: T): void {
    this.kept.push(scored);
    if (this.kept.length < 4 * this.limit) return;
    this.kept = this.sorted();
    this.least = this.kept.at(-1)!.score;
  }

  /** @returns best first; of equal ones what was added first */
  sorted(): T[] {
    return this.kept.sort((a, b) => b.score - a.score).slice(0, this.limit);
  }
}
