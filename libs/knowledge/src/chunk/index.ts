export type { PlacedLine } from './draft.js';
export { chunkBlocks, type ChunkDraft, type ChunkOptions } from './chunk-blocks.js';
