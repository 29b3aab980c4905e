import { configGroup, env, type ConfigOf } from '../config/config.js';

/** How background jobs run. */
export const jobsConfig = configGroup('Jobs', {
  JOB_CONCURRENCY: {
    schema: env.integer(2, 1, 64),
    description: 'Background jobs of each service that a process runs at once.',
    defaultText: '2',
  },
});

export type JobsConfig = ConfigOf<typeof jobsConfig>;
