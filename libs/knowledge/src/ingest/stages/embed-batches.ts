import type { ChunkText } from '../chunks/chunk.repository.js';

/** What goes to the embedder in one call: enough to fill it, little enough that not much is lost when killed. */
const TOKENS_PER_BATCH = 6_000;
const TEXTS_PER_BATCH = 64;
/** Batches on their way at once: one is written and the next one read while the embedder works on another. */
const LANES = 2;

/** @returns the chunks in order, parted so that no part holds more than a batch's tokens or texts */
export function tokenBatches(chunks: ChunkText[]): ChunkText[][] {
  const batches: ChunkText[][] = [];
  let tokens = Infinity;
  for (const chunk of chunks) {
    tokens += chunk.tokens;
    const batch = batches.at(-1);
    if (batch && tokens <= TOKENS_PER_BATCH && batch.length < TEXTS_PER_BATCH) batch.push(chunk);
    else {
      batches.push([chunk]);
      tokens = chunk.tokens;
    }
  }
  return batches;
}

/**
 * Reads chunks and works on them in batches, a few batches at once.
 * @param read gives the next chunks after the last one it gave, none at the end
 * @param work is called with each batch; the first error ends it all, after the batches on their way have ended
 */
export async function inLanes(
  read: () => Promise<ChunkText[]>,
  work: (batch: ChunkText[]) => Promise<void>,
): Promise<void> {
  const source = batchesOf(read);
  let failed = false;
  const lane = async () => {
    try {
      for (let next = await source.next(); !next.done && !failed; next = await source.next())
        await work(next.value);
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: LANES }, lane));
  const rejected = ended.find((each) => each.status === 'rejected');
  if (rejected) throw rejected.reason;
}

async function* batchesOf(read: () => Promise<ChunkText[]>): AsyncGenerator<ChunkText[], void> {
  for (let chunks = await read(); chunks.length > 0; chunks = await read()) yield* tokenBatches(chunks);
}
