import type { Block, Box } from '../parse/block.js';

export interface ChunkOptions {
  /**
   * Tokens of each text for the embedder that the chunks are for. Called with many texts at once; special
   * tokens that it adds to every text are measured once and taken off.
   */
  countTokens(texts: string[]): Promise<number[]>;
  /** No chunk has more (default 384: leaves an embedder of 512 room for its prefix and the headings). */
  maxTokens?: number;
  /** A section smaller than this is put together with its neighbours where the structure allows (default 96). */
  minTokens?: number;
}

/** A chunk before it has an id. */
export interface ChunkDraft {
  /** 0-based place in the document; the chunks before and after are ordinal - 1 and + 1. */
  ordinal: number;
  /** Without the headings above it. */
  text: string;
  /** From the highest to the nearest; those that hold for the whole chunk. */
  headings: string[];
  /** 1-based page on which it begins, null where the source has none. */
  page: number | null;
  /** One for each line of its text that has a place on paper, on all its pages. */
  boxes: { page: number; box: Box }[];
  /** At most `maxTokens`; counted sentence by sentence. */
  tokens: number;
}

export function chunkBlocks(
  _blocks: AsyncIterable<Block> | Iterable<Block>,
  _options: ChunkOptions,
): AsyncGenerator<ChunkDraft> {
  throw new Error('being built');
}
