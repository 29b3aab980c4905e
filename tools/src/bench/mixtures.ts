/** A text with its vector. */
export interface Passage {
  text: string;
  vector: Float32Array;
}

/**
 * Makes many passages of few: each is the first half of one and the second half of another, its vector the mean of
 * theirs. Words and vectors keep the shape of real ones, and embedding 20,000 texts need not be waited for.
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
    };
  });
}
