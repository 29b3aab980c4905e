export * from './ingest/index.js';
export * from './retrieval/index.js';
export * from './vector-space.js';

// What evaluations and benchmarks write and time: the product reaches these through its two services.
export { ChunkRepository } from './ingest/chunks/chunk.repository.js';
export { cutWords, distinctWords } from './lexical/index.js';
