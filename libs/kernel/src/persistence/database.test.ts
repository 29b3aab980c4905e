import {
  asPrincipal,
  createPrincipal,
  embeddedTestDatabase,
  type TestDatabase,
  testDatabase,
} from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Principal } from '../context/request-context.js';
import type { CopiedRow } from './copy-rows.js';
import { newId } from './ids.js';

const addBase = (name: string, tenantId: string): [string, unknown[]] => [
  `insert into knowledge_base (id, tenant_id, name, embedding_model, embedding_revision, dimension)
   values ($1, $2, $3, 'm', 'r', 384)`,
  [newId(), tenantId, name],
];

describe.each([
  ['Postgres', testDatabase],
  ['embedded Postgres', embeddedTestDatabase],
])('tenant transactions on %s', (_, open) => {
  let test: TestDatabase;
  let a: Principal;
  let b: Principal;

  beforeAll(async () => {
    test = await open();
    a = await createPrincipal(test.database);
    b = await createPrincipal(test.database);
    await asPrincipal(a, () => test.database.tenant((m) => m.query(...addBase('of a', a.tenantId))));
  });
  afterAll(() => test?.close());

  const names = (who: Principal) =>
    asPrincipal(who, () =>
      test.database.tenant((m) => m.query<{ name: string }[]>('select name from knowledge_base')),
    );

  it('show a tenant its own rows and none of another', async () => {
    expect(await names(a)).toEqual([{ name: 'of a' }]);
    expect(await names(b)).toEqual([]);
  });

  it('refuse to write a row of another tenant', async () => {
    const write = asPrincipal(b, () => test.database.tenant((m) => m.query(...addBase('theft', a.tenantId))));
    await expect(write).rejects.toThrow(/row-level security/);
    expect(await names(a)).toEqual([{ name: 'of a' }]);
  });

  it('run under a role that can neither bypass the policies nor own the tables', async () => {
    const [row] = await asPrincipal(a, () =>
      test.database.tenant((m) =>
        m.query<{ super: boolean; bypass: boolean; owned: number }[]>(
          `select rolsuper as super, rolbypassrls as bypass,
                  (select count(*)::int from pg_class where relowner = r.oid) as owned
           from pg_roles r where rolname = current_user`,
        ),
      ),
    );
    expect(row).toEqual({ super: false, bypass: false, owned: 0 });
  });

  it('leave no tenant behind on the connection', async () => {
    await names(a);
    const [row] = await test.dataSource.query<{ tenant: string | null; role: string }[]>(
      `select current_setting('app.tenant_id', true) as tenant, current_user as role`,
    );
    expect(row?.tenant || null).toBeNull();
    expect(row?.role).not.toBe('midplane_app');
  });

  it('protect every table that holds rows of tenants', async () => {
    const open = await test.dataSource.query<{ relname: string }[]>(
      `select c.relname from pg_class c join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id'
       where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
         and not (c.relrowsecurity and c.relforcerowsecurity) and not c.relispartition`,
    );
    expect(open).toEqual([]);
  });

  it('give no role more than its part', async () => {
    const rights = await test.dataSource.query<{ grantee: string; table_name: string; rights: string }[]>(
      `select grantee, table_name, string_agg(privilege_type, ',' order by privilege_type) as rights
       from information_schema.role_table_grants
       where grantee like 'midplane\\_%' and (grantee <> 'midplane_app' or table_name in ('audit_event', 'tenant'))
         and table_name not like 'audit_event\\_2%'
       group by 1, 2 order by 1, 2`,
    );
    expect(rights.map(({ grantee, table_name, rights: r }) => `${grantee} ${table_name} ${r}`)).toEqual([
      'midplane_app audit_event INSERT,SELECT',
      'midplane_app tenant INSERT,SELECT',
      'midplane_authenticator api_key SELECT',
      'midplane_authenticator app_user SELECT',
      'midplane_authenticator group_member SELECT',
      'midplane_authenticator tenant SELECT',
      'midplane_authenticator user_group SELECT',
      'midplane_dispatcher job DELETE,SELECT,UPDATE',
    ]);
  });

  it('roll back as a whole', async () => {
    const write = asPrincipal(b, () =>
      test.database.tenant(async (m) => {
        await m.query(...addBase('half', b.tenantId));
        throw new Error('no further');
      }),
    );
    await expect(write).rejects.toThrow('no further');
    expect(await names(b)).toEqual([]);
  });

  it('roll back to where a transaction inside began, and go on', async () => {
    const seen = await asPrincipal(b, () =>
      test.database.tenant(async (m) => {
        await m.query(...addBase('outer', b.tenantId));
        const inner = m.transaction(async (nested) => {
          await nested.query(...addBase('inner', b.tenantId));
          throw new Error('not this part');
        });
        await expect(inner).rejects.toThrow('not this part');
        const names = await m.query<{ name: string }[]>('select name from knowledge_base');
        await m.query('delete from knowledge_base');
        return names;
      }),
    );
    expect(seen).toEqual([{ name: 'outer' }]);
  });

  it('begin under their role in one round trip, and end in another', async () => {
    const sent = vi.spyOn(test.dataSource.logger, 'logQuery');
    await names(a);
    const statements = sent.mock.calls.map(([statement]) => statement);
    sent.mockRestore();
    expect(statements).toEqual([
      `START TRANSACTION; set local role midplane_app; set local app.tenant_id = '${a.tenantId}'`,
      'select name from knowledge_base',
      'COMMIT',
    ]);
  });

  it('that can not begin under their scope do nothing, and give their connection back', async () => {
    const work = vi.fn(async () => undefined);
    // More of them than there are connections.
    for (let n = 0; n < 8; n++) {
      const attempt = asPrincipal(a, () => test.database.tenant(work, { no_such_setting: 1 }));
      await expect(attempt).rejects.toThrow(/unrecognized configuration parameter/);
      await expect(test.database.tenantOf(`'; --`, work)).rejects.toThrow('not a UUID');
    }
    expect(work).not.toHaveBeenCalled();
    expect(await names(a)).toEqual([{ name: 'of a' }]);
  });

  it('read in one message, under their role, and write nothing in it', async () => {
    const read = (who: Principal, text: string, ...values: unknown[]) =>
      asPrincipal(who, () => test.database.read({ text, values }));
    const all = 'select name, current_user as role from knowledge_base where name = any($1)';
    expect(await read(a, all, ['of a', `it's`])).toEqual([{ name: 'of a', role: 'midplane_app' }]);
    expect(await read(b, all, ['of a'])).toEqual([]);
    expect(await read(a, 'select 1 as n where false')).toEqual([]);
    const odd = ['null', null, `it's "\\{,}`, ''];
    expect(await read(a, 'select unnest($1::text[]) as text', odd)).toEqual(odd.map((text) => ({ text })));
    await expect(read(b, 'select 1/$1::int', 0)).rejects.toThrow('division by zero');
    await expect(read(b, 'delete from knowledge_base')).rejects.toThrow(/read-only transaction/);
    await expect(read(b, 'select $1')).rejects.toThrow('has no value');
    await expect(read(b, 'select $1', { a: 1 })).rejects.toThrow('has no value');
    // The connections that failed are as good as before: there are fewer than eight.
    for (let n = 0; n < 8; n++) {
      await expect(read(a, 'select no_such_column')).rejects.toThrow('no_such_column');
    }
    const [row] = await test.dataSource.query<{ role: string }[]>('select current_user as role');
    expect(row?.role).not.toBe('midplane_app');
    expect(await names(a)).toEqual([{ name: 'of a' }]);
  });

  it('write several statements in one message, all or none', async () => {
    const rename = (name: string) => ({
      text: 'update knowledge_base set name = $1 where tenant_id = $2 returning name',
      values: [name, a.tenantId],
    });
    const other = { text: 'select name from knowledge_base where name <> $1', values: ['x'] };
    expect(await test.database.batchOf(a.tenantId, [rename('new'), other, rename('of a')])).toEqual([
      [{ name: 'new' }],
      [{ name: 'new' }],
      [{ name: 'of a' }],
    ]);
    expect(await test.database.batchOf(b.tenantId, [rename('theft')])).toEqual([[]]);
    const failing = test.database.batchOf(a.tenantId, [rename('half'), { text: 'select 1/0', values: [] }]);
    await expect(failing).rejects.toThrow('division by zero');
    expect(await names(a)).toEqual([{ name: 'of a' }]);
  });

  it('copy rows out as they are, of their tenant, whatever the values hold', async () => {
    const copied = async (text: string, ...values: unknown[]) => {
      const rows: CopiedRow[] = [];
      const keep = (row: CopiedRow) => void rows.push(row.map((column) => column && Buffer.from(column)));
      await asPrincipal(a, () => test.database.copyEach({ text, values }, {}, keep));
      return rows;
    };
    const texts = [
      `it's`,
      'back\\slash',
      '"quoted"',
      '{a,b}',
      '$1',
      '',
      '逗号，',
      "'; drop table tenant; --",
    ];
    expect(await copied('select n from unnest($1::text[]) n', texts)).toEqual(
      texts.map((text) => [Buffer.from(text)]),
    );
    expect(await copied('select $1::text, $3::int, $2::bool, $4::text', texts[1], true, 7, null)).toEqual([
      [Buffer.from(texts[1]!), Buffer.from([0, 0, 0, 7]), Buffer.from([1]), null],
    ]);
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i & 255));
    expect(await copied(`select decode($1, 'base64')`, bytes.toString('base64'))).toEqual([[bytes]]);
    expect(await copied('select name from knowledge_base')).toEqual([[Buffer.from('of a')]]);
    expect(await copied('select 1 where false')).toEqual([]);
    await expect(copied('select 1/$1::int', 0)).rejects.toThrow('division by zero');
    await expect(copied('select $1')).rejects.toThrow('has no value');
    await expect(copied('select $1', 'a\0b')).rejects.toThrow('U+0000');
    expect(await names(a)).toEqual([{ name: 'of a' }]);
  });

  it('take settings for one transaction, and nothing that is not one', async () => {
    const read = (settings: Record<string, string | number>) =>
      asPrincipal(a, () =>
        test.database.tenant(
          (m) => m.query<{ v: string }[]>(`select current_setting('work_mem') as v`),
          settings,
        ),
      );
    expect(await read({ work_mem: '7MB' })).toEqual([{ v: '7MB' }]);
    expect(await read({})).not.toEqual([{ v: '7MB' }]);
    await expect(read({ work_mem: "1'; drop table chunk; --" })).rejects.toThrow('Not a setting');
  });

  it('go forward and back', async () => {
    const tables = () =>
      test.dataSource.query<{ n: number }[]>(
        `select count(*)::int as n from pg_tables where schemaname = 'public' and tablename not like 'schema_migration%'`,
      );
    const before = await tables();
    while ((await test.dataSource.query('select 1 from schema_migration limit 1')).length > 0) {
      await test.dataSource.undoLastMigration();
    }
    expect(await tables()).toEqual([{ n: 0 }]);
    await test.dataSource.runMigrations();
    expect((await tables())[0]!.n).toBeGreaterThan(20);
    expect(before[0]!.n).toBeGreaterThan(20);
  });
});
