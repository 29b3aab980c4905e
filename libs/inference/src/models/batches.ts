/** How a worker thread puts texts together for its model. */
import { Tensor } from '@huggingface/transformers';

/** Tokens as a model takes them, one row for each text. */
export interface Encoded {
  input_ids: Tensor;
  attention_mask: Tensor;
  token_type_ids?: Tensor;
}

/** What goes through a model together. */
export interface BatchSize {
  /** Tokens of one batch, padding counted; 0: one text at a time. */
  tokens: number;
  /** Tokens of the longest text that shares a batch; a longer one stands alone. Undefined: any does. */
  longest?: number;
}

/**
 * Puts texts of about the same length together, so that little is padded.
 * @param lengths tokens of each text
 * @returns the texts' indexes, batch by batch; a text that is longer than a batch stands alone
 */
export function batchesOf(
  lengths: readonly number[],
  { tokens, longest: shared = Infinity }: BatchSize,
): number[][] {
  if (tokens === 0) return lengths.map((_, i) => [i]);
  const order = lengths.map((_, i) => i).sort((a, b) => (lengths[b] as number) - (lengths[a] as number));
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const i of order) {
    // The first is the longest, and the others are padded to it.
    const longest = lengths[batch[0] ?? i] as number;
    if (batch.length > 0 && (longest > shared || longest * (batch.length + 1) > tokens)) {
      batches.push(batch);
      batch = [];
    }
    batch.push(i);
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/**
 * @param rows one text each
 * @param padding the id of the token behind shorter texts, which no model looks at
 */
export function stack(rows: readonly Encoded[], padding: number): Encoded {
  const [first] = rows as [Encoded];
  if (rows.length === 1) return first;
  const length = Math.max(...rows.map(({ input_ids }) => input_ids.size));
  const join = (field: keyof Encoded, behind: bigint): Tensor => {
    const data = new BigInt64Array(rows.length * length).fill(behind);
    rows.forEach((row, i) => data.set((row[field] as Tensor).data as BigInt64Array, i * length));
    return new Tensor('int64', data, [rows.length, length]);
  };
  return {
    input_ids: join('input_ids', BigInt(padding)),
    attention_mask: join('attention_mask', 0n),
    ...(first.token_type_ids ? { token_type_ids: join('token_type_ids', 0n) } : {}),
  };
}

/**
 * One text's part of what a model gives for a batch.
 * @param output of the batch: a row for each text, of one value or vector each, or of one for each of its tokens
 */
export function rowOf(output: Tensor, row: number): Float32Array {
  const { data, dims } = output;
  const size = data.length / (dims[0] as number);
  const own = (data as Float32Array).subarray(row * size, (row + 1) * size);
  // Weights of 16 bits may give values of 16 bits.
  return own instanceof Float32Array ? own : Float32Array.from(own as ArrayLike<number>, Number);
}
