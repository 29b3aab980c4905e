import { Gauge, Histogram } from 'prom-client';
import { registry } from '../telemetry/metrics.js';
import type { JobCount } from './job.types.js';

/** How a run ended. */
export type JobOutcome = 'done' | 'retried' | 'dead' | 'released' | 'lost';

const runSeconds = new Histogram({
  name: 'midplane_job_seconds',
  help: 'Runs of background jobs.',
  labelNames: ['job', 'outcome'],
  buckets: [0.01, 0.05, 0.2, 1, 5, 20, 60, 300, 1_200],
  registers: [registry],
});

const sources = new Set<() => Promise<JobCount[]>>();
/** One query for both gauges of a scrape. */
let counted: Promise<JobCount[]> | undefined;

async function collect(gauge: Gauge, value: (count: JobCount) => number): Promise<void> {
  counted ??= Promise.all([...sources].map((count) => count().catch(() => [])))
    .then((counts) => counts.flat())
    .finally(() => (counted = undefined));
  const counts = await counted;
  gauge.reset();
  for (const count of counts) gauge.inc({ service: count.service, status: count.status }, value(count));
}

new Gauge({
  name: 'midplane_jobs',
  help: 'Background jobs that wait, run or were given up; the same in every process of a service.',
  labelNames: ['service', 'status'],
  registers: [registry],
  async collect() {
    await collect(this, ({ count }) => count);
  },
});
new Gauge({
  name: 'midplane_jobs_oldest_seconds',
  help: 'For how long the oldest job in a state has been due.',
  labelNames: ['service', 'status'],
  registers: [registry],
  async collect() {
    await collect(this, ({ oldestSeconds }) => oldestSeconds);
  },
});

/** Publishes the counts of jobs. @returns takes them away again */
export function publishJobCounts(count: () => Promise<JobCount[]>): () => void {
  sources.add(count);
  return () => sources.delete(count);
}

/** Starts the clock of a run. @returns stops it */
export function timeJob(job: string): (outcome: JobOutcome) => void {
  const end = runSeconds.startTimer({ job });
  return (outcome) => end({ outcome });
}
