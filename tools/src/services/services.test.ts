import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';
import { startPostgres, startRedis } from './index.js';

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Whether a TCP port of the loopback interface accepts connections. */
async function listens(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

test('a cluster with a data folder keeps its data and its password over a stop', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'midplane-test-'));
  cleanups.push(() => rmSync(dataDir, { recursive: true, force: true }));

  const first = await startPostgres({ dataDir, durable: false, settings: { work_mem: '7MB' } });
  cleanups.push(() => first.stop());
  await query(
    first.url,
    'create extension vector; create extension pg_textsearch; create table kept as select 42 as n',
  );
  expect(await query(first.url, 'show work_mem')).toEqual([{ work_mem: '7MB' }]);
  await first.stop();
  expect(await listens(first.url)).toBe(false);

  const second = await startPostgres({ dataDir });
  cleanups.push(() => second.stop());
  expect(await query(second.url, 'select n from kept')).toEqual([{ n: 42 }]);
  expect(await query(second.url, 'show fsync')).toEqual([{ fsync: 'on' }]);
  expect(new URL(second.url).password).toBe(new URL(first.url).password);
});

test('a restarted Redis is empty and at the same address, and takes no one without the password', async () => {
  const redis = await startRedis();
  cleanups.push(() => redis.stop());
  const { hostname, port, password } = new URL(redis.url);
  const send = async (...commands: string[]) => {
    const socket = connect(Number(port), hostname);
    socket.end(commands.map((command) => `${command}\r\n`).join(''));
    let answer = '';
    for await (const data of socket) answer += String(data);
    return answer.trim().split('\r\n');
  };
  expect(await send('GET k')).toEqual(['-NOAUTH Authentication required.']);
  expect(await send(`AUTH ${password}`, 'SET k v', 'DBSIZE')).toEqual(['+OK', '+OK', ':1']);
  await redis.restart();
  expect(await send(`AUTH ${password}`, 'DBSIZE')).toEqual(['+OK', ':0']);
});

test('servers end when the process that started them is killed', async () => {
  const index = fileURLToPath(new URL('./index.ts', import.meta.url));
  const script = `
    const { startPostgres, startRedis } = await import(${JSON.stringify(index)});
    const both = await Promise.all([startPostgres({ durable: false }), startRedis()]);
    console.log(JSON.stringify(both.map((server) => server.url)));
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanups.push(() => void parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const urls = JSON.parse(line.toString()) as string[];
  expect(await Promise.all(urls.map(listens))).toEqual([true, true]);
  parent.kill('SIGKILL');
  await expect.poll(() => Promise.all(urls.map(listens)), { timeout: 30_000 }).toEqual([false, false]);
});
