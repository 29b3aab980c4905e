import { v7 } from 'uuid';
import { randomIdBytes } from './randomness.js';

/** Of the last id: its millisecond and its number within it, 32 bits. */
let msecs = -Infinity;
let seq = 0;

/** @returns a new UUID of version 7: of one process each sorts after the one before, also within a millisecond */
export function newId(): string {
  const random = randomIdBytes();
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    // The highest bit is left free, so that counting on does not run over (RFC 9562, section 6.2, method 1).
    seq = random.readUInt32BE(6) & 0x7fffffff;
  } else seq++;
  return v7({ msecs, seq, random });
}
