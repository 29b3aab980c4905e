export * from './ingest/index.js';
export * from './retrieval/index.js';
export * from './search-indexes/index.js';
export { passageText } from './passage-text.js';
export * from './vector-space.js';

// What evaluations and benchmarks write and time: the product reaches these through its two services.
export { ChunkRepository, type EmbeddedPassage } from './ingest/chunks/chunk.repository.js';
export { cutWords, distinctWords } from './lexical/index.js';
