import { z } from 'zod';
import { Id } from './ids.js';

/**
 * Every background job: its payload, and the service that does it. Payloads are parsed on receipt; at start each
 * service proves that each of its jobs has exactly one handler.
 */
export const JOBS = {
  'ingest.parse': { service: 'ingest', payload: z.object({ documentId: Id }) },
  'ingest.chunk': { service: 'ingest', payload: z.object({ documentId: Id }) },
  'ingest.embed': { service: 'ingest', payload: z.object({ documentId: Id }) },
  'ingest.index': { service: 'ingest', payload: z.object({ documentId: Id }) },
  'ingest.erase': { service: 'ingest', payload: z.object({ documentId: Id }) },
  'ingest.reembed': {
    service: 'ingest',
    payload: z.object({ knowledgeBaseId: Id, embeddingModel: z.string() }),
  },
} as const;

export type JobName = keyof typeof JOBS;
export type JobPayload<N extends JobName> = z.infer<(typeof JOBS)[N]['payload']>;
