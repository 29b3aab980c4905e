/** A process that does the jobs of `ingest` until it is killed. Arguments: URL of Postgres; 'waiting' or 'poisoned'. */
import { JOBS, type JobName } from '@midplane/contracts';
import { createLogger, Database, InProcessTransport, Jobs } from '@midplane/kernel';
import { DataSource } from 'typeorm';

const [url, mode] = process.argv.slice(2);
const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
const logger = createLogger('silent', 'job-worker');
const transport = new InProcessTransport(logger, { pollMs: 50 });
const jobs = new Jobs(new Database(dataSource), transport, logger, { leaseMs: 900 });
for (const name of Object.keys(JOBS) as JobName[])
  jobs.handle(name, {
    run: async () => {
      if (mode === 'poisoned') process.kill(process.pid, 'SIGKILL');
      process.stdout.write('running\n');
      await new Promise(() => undefined);
    },
  });
await jobs.start(['ingest']);
