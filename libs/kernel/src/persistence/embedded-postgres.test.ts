import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.js';

describe('the embedded Postgres', () => {
  let home: string;
  let embedded: EmbeddedPostgres;
  let pool: pg.Pool;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'midplane-embedded-'));
    embedded = await startEmbeddedPostgres(home);
    const { socketFolder: host } = embedded;
    pool = new pg.Pool({ host, user: 'postgres', database: 'postgres', max: 20 });
    await pool.query('create table item (owner int, value text)');
  });
  afterAll(async () => {
    await pool.end();
    await embedded.stop();
    await rm(home, { recursive: true });
  });

  it('answers each connection with its own rows, in transactions and outside of them', async () => {
    const single = async (id: number) => {
      for (let round = 0; round < 100; round++) {
        const { rows } = await pool.query('select $1::text as text, $2::int as id', [`${round}`, id]);
        expect(rows).toEqual([{ text: `${round}`, id }]);
      }
    };
    const inTransactions = async (owner: number) => {
      for (let round = 1; round <= 50; round++) {
        const client = await pool.connect();
        await client.query('begin');
        await client.query('insert into item values ($1, $2)', [owner, `${round}`]);
        const { rows } = await client.query(
          'select count(*)::int as n, $2::int as o from item where owner = $1',
          [owner, owner],
        );
        await client.query('commit');
        client.release();
        expect(rows).toEqual([{ n: round, o: owner }]);
      }
    };
    const failing = async () => {
      for (let round = 0; round < 50; round++) {
        await expect(pool.query('select 1 / $1::int', [0])).rejects.toThrow('division by zero');
        await expect(pool.query('selekt $1', [0])).rejects.toThrow('syntax error');
      }
    };
    await Promise.all([...[1, 2, 3].map(single), ...[11, 12, 13].map(inTransactions), failing(), failing()]);
  });

  it('rolls back what a connection has left open that went away, and goes on with the others', async () => {
    const client = new pg.Client({ host: embedded.socketFolder, user: 'postgres', database: 'postgres' });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('begin');
    await client.query('insert into item values (99, $1)', ['lost']);
    const waiting = pool.query('select count(*)::int as n from item where owner = $1', [99]);
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    expect((await waiting).rows).toEqual([{ n: 0 }]);
  });

  it('lets a transaction that failed end, and the next one begin', async () => {
    const client = await pool.connect();
    await client.query('begin');
    await expect(client.query('select 1 / $1::int', [0])).rejects.toThrow('division by zero');
    await expect(client.query('select $1::int', [1])).rejects.toThrow('aborted');
    await client.query('rollback');
    client.release();
    expect((await pool.query('select $1::int as one', [1])).rows).toEqual([{ one: 1 }]);
  });
});
