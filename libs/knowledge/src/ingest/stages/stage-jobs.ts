import type { IngestStage, JobName } from '@midplane/contracts';

/** The job that does each stage. */
export const STAGE_JOBS = {
  PARSING: 'ingest.parse',
  CHUNKING: 'ingest.chunk',
  EMBEDDING: 'ingest.embed',
  INDEXING: 'ingest.index',
} as const satisfies Record<IngestStage, JobName>;
