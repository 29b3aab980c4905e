import { randomFillSync } from 'node:crypto';

/** Bytes that an id takes. */
const ID_BYTES = 16;
const pool = Buffer.alloc(ID_BYTES * 256);
let used = pool.length;

/**
 * The system is asked for the randomness of many ids at once: for each alone that costs ten times the id.
 * @returns 16 random bytes, to be read before this is called again
 */
export function randomIdBytes(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += ID_BYTES;
  return pool.subarray(used - ID_BYTES, used);
}
