/** A word of the passages, and in how many of them it stands. */
export interface SeenWord {
  word: string;
  texts: number;
}

/** Words of letters only: a code or a number that is not there is another one, not a misspelt one. */
const SPELT = /^[a-z]{4,}$/;

/** @returns the words that may be misspelt, of those that the index does not have */
export function respellable(unseen: string[]): string[] {
  return unseen.filter((word) => SPELT.test(word));
}

/**
 * Corrects words that the index does not have by words of the passages that were found without them: one slip in a
 * word, two in a word of eight letters and more. The first letter has to be right: it seldom is not.
 * @param unseen words of the question, as they are indexed
 * @param seen words of the passages
 * @returns the corrected word for each that has one
 */
export function respell(unseen: string[], seen: SeenWord[]): Map<string, string> {
  const corrected = new Map<string, string>();
  for (const word of unseen) {
    const most = word.length >= 8 ? 2 : 1;
    let best: { word: string; slips: number; texts: number } | undefined;
    for (const { word: other, texts } of seen) {
      if (other[0] !== word[0] || !SPELT.test(other) || Math.abs(other.length - word.length) > most) continue;
      const slips = slipsBetween(word, other, most);
      if (slips === undefined) continue;
      if (!best || slips < best.slips || (slips === best.slips && texts > best.texts))
        best = { word: other, slips, texts };
    }
    if (best) corrected.set(word, best.word);
  }
  return corrected;
}

/**
 * Letters left out, added, changed or swapped with their neighbour between two words (optimal string alignment).
 * @returns undefined where there are more than `most`
 */
export function slipsBetween(a: string, b: string, most: number): number | undefined {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(changed, last[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, before[j - 2]! + 1);
      row.push(least);
    }
    if (Math.min(...row) > most) return undefined;
    before = last;
    last = row;
  }
  const slips = last[b.length]!;
  return slips <= most ? slips : undefined;
}
