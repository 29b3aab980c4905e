export { chunkBlocks, type ChunkDraft, type ChunkOptions } from './chunk-blocks.js';
