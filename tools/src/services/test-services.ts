import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBrowser } from './browser.ts';
import { checkPostgres, startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';
import type { RedisServer } from './redis.ts';

/**
 * vitest's global setup: serves what tests ask for on a socket of its own, so that Postgres starts once per run, and
 * each server only where a selected test needs it. `@midplane/testing` is the client.
 *
 * `POST /postgres` answers `{ url }` of the run's Postgres, or of MIDPLANE_TEST_DATABASE_URL where that is set.
 * `POST /redis` answers `{ id, url }` of a Redis of the test's own (one starts in a tenth of a second), which it may
 * `POST /redis/ID/restart` and must `POST /redis/ID/stop`.
 * `POST /browser` answers `{ path }` of a Chromium or Chrome that the test may drive.
 */
export default async function setup(): Promise<() => Promise<void>> {
  let postgres: Promise<{ url: string; stop(): Promise<void> }> | undefined;
  const redis = new Map<string, RedisServer>();

  const answer = async (service?: string, id?: string, action?: string): Promise<object> => {
    if (service === 'postgres' && !id) {
      postgres ??= givenPostgres() ?? startPostgres({ durable: false });
      return { url: (await postgres).url };
    }
    if (service === 'redis' && !id) {
      const server = await startRedis();
      const name = randomUUID();
      redis.set(name, server);
      return { id: name, url: server.url };
    }
    if (service === 'browser' && !id) return { path: findBrowser() };
    const server = redis.get(id ?? '');
    if (service !== 'redis' || !server) throw new Error(`There is no ${service} ${id ?? ''}`);
    if (action === 'restart') await server.restart();
    else if (action === 'stop') await server.stop();
    else throw new Error(`${service} cannot ${action}`);
    return {};
  };

  const folder = mkdtempSync(join(tmpdir(), 'midplane-tests-'));
  const socket = join(folder, 'services.sock');
  const door = createServer((request, response) => {
    const send = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    answer(...(request.url ?? '').split('/').slice(1)).then(
      (body) => send(200, body),
      (error: Error) => send(500, { error: error.message }),
    );
  });
  door.listen(socket);
  await once(door, 'listening');
  process.env.MIDPLANE_TEST_SERVICES = socket;

  return async () => {
    door.close();
    await Promise.allSettled([
      postgres?.then((server) => server.stop()),
      ...[...redis.values()].map((r) => r.stop()),
    ]);
    rmSync(folder, { recursive: true, force: true });
  };
}

function givenPostgres(): Promise<{ url: string; stop(): Promise<void> }> | undefined {
  const url = process.env.MIDPLANE_TEST_DATABASE_URL;
  return url ? checkPostgres(url).then(() => ({ url, stop: () => Promise.resolve() })) : undefined;
}
