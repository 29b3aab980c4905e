import { inferenceContract } from './calls/inference.contract.js';
import { ingestContract } from './calls/ingest.contract.js';
import { modelsContract } from './calls/models.contract.js';
import { retrievalContract } from './calls/retrieval.contract.js';
import { sessionsContract } from './calls/sessions.contract.js';

/** Every service that others call, by name. `<NAME>_URL` says where one runs; without it, it is in this process. */
export const SERVICES = {
  inference: inferenceContract,
  ingest: ingestContract,
  models: modelsContract,
  retrieval: retrievalContract,
  sessions: sessionsContract,
} as const;

export type Services = typeof SERVICES;
export type ServiceName = keyof Services;
