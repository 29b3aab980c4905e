import { packPassageStates, unpackPassageStates } from '@midplane/contracts';
import type { EmbeddedPassage } from '@midplane/knowledge';

/** A text with what its embedder made of it. */
export interface Passage extends EmbeddedPassage {
  text: string;
}

/**
 * Makes many passages of few: each is the first half of one and the second half of another, with the token states of
 * both halves, and its vector the mean of theirs. Words and vectors keep the shape of real ones, and embedding 20,000
 * texts need not be waited for.
 * @param seed makes the same passages again
 */
export function mixturesOf(passages: Passage[], count: number, seed = 20261121): Passage[] {
  let state = seed;
  // Park and Miller, "Random number generators: good ones are hard to find" (CACM 31, 1988).
  const random = (below: number) => (state = (state * 48271) % 2147483647) % below;
  return Array.from({ length: count }, () => {
    const [a, b] = [passages[random(passages.length)]!, passages[random(passages.length)]!];
    const [half, other] = [a.text.length >> 1, b.text.length >> 1];
    const vector = a.vector.map((value, i) => value + b.vector[i]!);
    const length = Math.hypot(...vector);
    return {
      text: `${a.text.slice(0, half)} ${b.text.slice(other)}`,
      vector: vector.map((value) => value / length),
      ...(a.states && b.states ? { states: joinedStates(a.states, b.states, vector.length) } : {}),
    };
  });
}

/** @returns the first half of one passage's tokens and the second half of another's */
export function joinedStates(a: Buffer, b: Buffer, dimension: number): Buffer {
  const [first, second] = [unpackPassageStates(a, dimension), unpackPassageStates(b, dimension)];
  const [half, other] = [first.starts.length >> 1, second.starts.length >> 1];
  const bytes = dimension / 4;
  return Buffer.from(
    packPassageStates({
      starts: Uint16Array.from([...first.starts.slice(0, half), ...second.starts.slice(other)]),
      scales: Uint8Array.from([...first.scales.slice(0, half), ...second.scales.slice(other)]),
      codes: Uint8Array.from([...first.codes.slice(0, half * bytes), ...second.codes.slice(other * bytes)]),
    }),
  );
}
