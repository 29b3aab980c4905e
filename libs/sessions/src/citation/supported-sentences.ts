import type { CheckedClaim } from '../answer/answerer.port.js';
import type { Passage } from '../answer/passage.js';
import { checkClaim, type CheckResult, type Embed } from './check.js';
import { type Claim, claimsOf, MARK } from './claims.js';

/** Why sentences were taken out, and how many for each reason. */
export type Withheld = Partial<Record<NonNullable<CheckResult['reason']>, number>>;

/**
 * Passes the stream of an answer through sentence by sentence: what comes out is a sentence that a passage supports,
 * with the citations that hold. A sentence none of whose citations hold is taken out; so is one that cites nothing
 * and that none of the passages supports, since leaving a citation out must not be a way around the check.
 */
export class SupportedSentences {
  /** Of the sentences that came out. */
  readonly checks: CheckedClaim[] = [];
  readonly withheld: Withheld = {};
  private held = '';

  /**
   * @param passages that the answer was made from, as it numbers them
   * @param question whose words a sentence may repeat
   */
  constructor(
    private readonly passages: readonly Passage[],
    private readonly question: string,
    private readonly embed: Embed,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * @param text whose citations are all written [n]
   * @returns the sentences that are whole by now and supported
   */
  async push(text: string): Promise<string> {
    this.held += text;
    // The last one may go on, and marks may still follow it.
    return this.release(claimsOf(this.held).slice(0, -1));
  }

  /** @returns the rest */
  async end(): Promise<string> {
    return this.release(claimsOf(this.held));
  }

  private async release(claims: Claim[]): Promise<string> {
    let out = '';
    let from = 0;
    for (const claim of claims) {
      const source = this.held.slice(from, claim.end);
      from = claim.end;
      const holding = await this.check(claim);
      if (holding) out += source.replace(MARK, (mark, number) => (holding.has(Number(number)) ? mark : ''));
    }
    this.held = this.held.slice(from);
    return out;
  }

  /** @returns the citations of a sentence that hold; undefined where it is taken out */
  private async check({ text, cites }: Claim): Promise<Set<number> | undefined> {
    const holding = new Set<number>();
    let reason: CheckResult['reason'];
    const uncited = cites.length === 0;
    for (const number of uncited ? this.passages.map(({ number }) => number) : cites) {
      const passage = this.passages[number - 1]!;
      const result = await checkClaim(text, passage, this.question, this.embed);
      this.signal.throwIfAborted();
      if (!result.supported) {
        reason ??= result.reason;
        continue;
      }
      if (uncited) return holding;
      holding.add(number);
      this.checks.push({ passage, ...result });
    }
    if (holding.size > 0) return holding;
    reason ??= 'meaning';
    this.withheld[reason] = (this.withheld[reason] ?? 0) + 1;
    return undefined;
  }
}
