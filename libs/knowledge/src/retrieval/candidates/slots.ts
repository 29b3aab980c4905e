/**
 * Slots by which a WebAssembly program finds a word by its hash: 16 bits each, as many as `mask` + 1, a power of two. A
 * word stands in the slot of the lowest bits of its hash, or in the next one that is free, as its number plus one.
 */
export interface Slots {
  mask: number;
  numbers: Uint16Array;
}

/**
 * @param hashes of words, 32 bits each: 65,534 at most
 * @param each slots for each word, at least: with few of them taken, hardly any word of a text meets one that is
 */
export function slotsOf(hashes: readonly number[], each: number): Slots {
  const numbers = new Uint16Array(2 ** Math.ceil(Math.log2(each * Math.max(1, hashes.length))));
  const mask = numbers.length - 1;
  for (const [place, hash] of hashes.entries()) {
    let slot = hash & mask;
    while (numbers[slot] !== 0) slot = (slot + 1) & mask;
    numbers[slot] = place + 1;
  }
  return { mask, numbers };
}
