export * from './bullmq.transport.js';
export * from './in-process.transport.js';
export * from './job-transport.port.js';
export * from './job.types.js';
export * from './jobs.config.js';
export * from './jobs.js';
export type { ClaimedJob, DispatchedJob } from './job.repository.js';
export * from './redis-connections.js';
export type { QueueState } from './queue-state.js';
