export { ingestConfig, type IngestConfig } from './ingest.config.js';
export { IngestModule, KNOWLEDGE_ENTITIES } from './ingest.module.js';
