import { configGroup, env, type ConfigOf } from '../config/config.js';

/** How background jobs run. */
export const jobsConfig = configGroup('Jobs', {
  JOB_CONCURRENCY: {
    schema: env.integer(2, 1, 64),
    description: 'Background jobs of each service that a process runs at once.',
    defaultText: '2',
  },
  JOB_LEASE_MS: {
    schema: env.integer(30_000, 500, 600_000),
    description:
      'How long a claimed job belongs to a process that gives no sign of life, in milliseconds; then another takes it up.',
    defaultText: '30000',
  },
});

export type JobsConfig = ConfigOf<typeof jobsConfig>;
