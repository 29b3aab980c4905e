/**
 * Many chunks of few real passages, said by numbers only, so that Postgres and LanceDB make the same rows of them, a
 * million in a minute.
 */

/**
 * `mixtures`: the first half of one real passage and the second half of another, the vector the mean of theirs.
 * `near-duplicates`: hundreds of copies of each, an eighth of the words another's, the vector under noise.
 */
export type Shape = 'mixtures' | 'near-duplicates';
export const SHAPES: readonly Shape[] = ['mixtures', 'near-duplicates'];

/** A real passage, cut for both shapes. */
export interface Source {
  vector: Float32Array;
  /** By shape, what of its text and of its words comes first in a chunk, and what comes last. */
  head: { text: string; words: string };
  tail: { text: string; words: string };
}

/** The chunks, column by column; the chunk's number is the place. */
export interface Corpus {
  shape: Shape;
  sources: Source[];
  /** Vectors that are added to those of sources; the first is of zeros. */
  noise: Float32Array[];
  /** Places of sources: whose head, whose tail. */
  heads: Int32Array;
  tails: Int32Array;
  /** The chunk's vector is the sum of these three, at length 1: two of sources, or one, and noise. */
  vectors: [first: Int32Array, second: Int32Array, third: Int32Array];
}

/** Share of a near-duplicate's words that are its source's own. */
const OWN_WORDS = 7 / 8;
/**
 * Length of each of the two noises that a near-duplicate's vector gets beside its own of length 1: cosine .99 with the
 * source, .98 between copies, as the shipped embedder gives two versions of a paragraph.
 */
const NOISE = 0.1;
const NOISES = 2048;

/** @param seed makes the same chunks again */
export function corpusOf(
  shape: Shape,
  passages: { text: string; words: string[]; vector: Float32Array }[],
  count: number,
  seed = 20261122,
): Corpus {
  const random = randomOf(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const share = shape === 'mixtures' ? 0.5 : OWN_WORDS;
  const sources = passages.map(({ text, words, vector }) => {
    const [atText, atWord] = [Math.floor(text.length * share), Math.floor(words.length * share)];
    return {
      vector,
      head: { text: text.slice(0, atText), words: words.slice(0, atWord).join(' ') },
      tail: { text: text.slice(atText), words: words.slice(atWord).join(' ') },
    };
  });
  const dimension = passages[0]!.vector.length;
  const noise: Float32Array[] = [new Float32Array(dimension)];
  if (shape === 'near-duplicates')
    while (noise.length < NOISES) noise.push(gaussian(dimension, NOISE, random));
  const columns = Array.from({ length: 5 }, () => new Int32Array(count)) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const [heads, tails, first, second, third] = columns;
  for (let i = 0; i < count; i++) {
    heads[i] = below(sources.length);
    tails[i] = below(sources.length);
    first[i] = heads[i]!;
    // Noise stands behind the sources.
    const noisy = () => sources.length + 1 + below(noise.length - 1);
    second[i] = shape === 'mixtures' ? tails[i]! : noisy();
    third[i] = shape === 'mixtures' ? sources.length : noisy();
  }
  return { shape, sources, noise, heads, tails, vectors: [first, second, third] };
}

/** @returns all vectors that chunks are sums of, in the order that `Corpus.vectors` counts in */
export const partsOf = ({ sources, noise }: Corpus): Float32Array[] => [
  ...sources.map(({ vector }) => vector),
  ...noise,
];

/** Writes a chunk's vector, at length 1. */
export function writeVector(parts: Float32Array[], corpus: Corpus, chunk: number, into: Float32Array): void {
  const [a, b, c] = corpus.vectors.map((column) => parts[column[chunk]!]!) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  let square = 0;
  for (let i = 0; i < into.length; i++) {
    const value = a[i]! + b[i]! + c[i]!;
    into[i] = value;
    square += value * value;
  }
  const scale = 1 / Math.sqrt(square);
  for (let i = 0; i < into.length; i++) into[i]! *= scale;
}

/** @returns numbers in [0, 1): mulberry32, by Tommy Ettinger */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** @returns a vector of a random direction, by Box and Muller's transform */
function gaussian(dimension: number, length: number, random: () => number): Float32Array {
  const vector = Float32Array.from(
    { length: dimension },
    () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
  const scale = length / Math.hypot(...vector);
  return vector.map((value) => value * scale);
}
