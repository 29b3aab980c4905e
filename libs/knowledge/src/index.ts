export * from './ingest/index.js';
export * from './retrieval/index.js';
export * from './vector-space.js';
