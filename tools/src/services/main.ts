// npm run services [-- --env FILE]: keeps a Postgres and a Redis up for development until Ctrl-C.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startPostgres, startRedis } from './index.ts';

const { values } = parseArgs({
  options: {
    env: { type: 'string' },
    data: { type: 'string' },
    volatile: { type: 'boolean', default: false },
  },
});

const [postgres, redis] = await Promise.all([
  startPostgres({ dataDir: values.data, durable: !values.volatile }),
  startRedis(),
]);
const lines = `MIDPLANE_TEST_DATABASE_URL=${postgres.url}\nMIDPLANE_TEST_REDIS_URL=${redis.url}\n`;
if (values.env) writeFileSync(values.env, lines, { mode: 0o600 });
process.stdout.write(`${lines}Ctrl-C stops both.\n`);

const keepAlive = setInterval(() => undefined, 1 << 30);
async function stop(): Promise<void> {
  clearInterval(keepAlive);
  await Promise.all([postgres.stop(), redis.stop()]);
}
process.once('SIGINT', () => void stop());
process.once('SIGTERM', () => void stop());
