import { randomUUID } from 'node:crypto';
import { createKey, createPrincipal } from '@midplane/testing';
import { OperatorToken } from '@midplane/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Data, TestClient } from '../testing/boot-gateway.js';
import { type BootedPlatform, bootPlatform } from '../testing/boot-platform.js';

let platform: BootedPlatform;
let administrator: TestClient;

beforeAll(async () => {
  platform = await bootPlatform();
  const { database } = platform.database;
  administrator = new TestClient(platform.url, await createKey(database, await createPrincipal(database)));
});
afterAll(() => platform?.stop());

/** Sends a request as the operator, unless said otherwise. */
async function operate(
  method: 'GET' | 'POST',
  body?: unknown,
  headers: Record<string, string> = { authorization: `Bearer ${platform.kernel.operatorToken.issue()}` },
): Promise<{ status: number; body: Data }> {
  const response = await fetch(`${platform.url}/operator/tenants`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Data };
}

const newName = () => `Company ${randomUUID()}`;
const countTenants = async () => (await platform.kernel.tenants.list()).length;

describe('a tenant that the operator makes', () => {
  it('has an administrator whose key works, and sees nothing of the others', async () => {
    const { data } = await administrator.send(
      'mutation { createKnowledgeBase(input: { name: "Handbook" }) { ... on KnowledgeBase { id } } }',
    );
    const theirs: string = data.createKnowledgeBase.id;
    const name = newName();
    const made = await operate('POST', { name: ` ${name} ` });
    expect(made).toMatchObject({
      status: 201,
      body: { tenant: { name }, key: expect.stringMatching(/^mp_/) },
    });

    const owner = new TestClient(platform.url, made.body.key);
    const seen = await owner.send(
      `query ($id: ID!) { viewer { tenantId roles } knowledgeBases { totalCount } knowledgeBase(id: $id) { id }
         apiKeys { name } conversations { totalCount } }`,
      { id: theirs },
    );
    expect(seen.data).toEqual({
      viewer: { tenantId: made.body.tenant.id, roles: ['administrator'] },
      knowledgeBases: { totalCount: 0 },
      knowledgeBase: null,
      apiKeys: [{ name: 'Administrator' }],
      conversations: { totalCount: 0 },
    });
    // What it makes is its own: the same name is free here, and the others don't see it.
    const own = await owner.send(
      'mutation { createKnowledgeBase(input: { name: "Handbook" }) { ... on KnowledgeBase { id } } }',
    );
    const read = await administrator.send('query ($id: ID!) { knowledgeBase(id: $id) { id } }', {
      id: own.data.createKnowledgeBase.id,
    });
    expect(read.data.knowledgeBase).toBeNull();
  });

  it('begins its ledger with who made it, and the key is kept hashed', async () => {
    const { body } = await operate('POST', { name: newName() });
    const events = await platform.database.dataSource.query<Data[]>(
      'select actor, action, subject, sequence::int, detail from audit_event where tenant_id = $1',
      [body.tenant.id],
    );
    expect(events).toEqual([
      {
        actor: 'operator',
        action: 'tenant.create',
        subject: body.tenant.id,
        sequence: 1,
        detail: { name: body.tenant.name, administrator: expect.any(String) },
      },
    ]);
    const keys = await platform.database.dataSource.query<Data[]>(
      'select * from api_key where tenant_id = $1',
      [body.tenant.id],
    );
    expect(keys).toHaveLength(1);
    expect(JSON.stringify([keys, events])).not.toContain(body.key);
  });

  it('stands in the list, without its key', async () => {
    const { body } = await operate('POST', { name: newName() });
    const listed = await operate('GET');
    expect(listed.status).toBe(200);
    expect(listed.body.tenants).toContainEqual(body.tenant);
    expect(JSON.stringify(listed.body)).not.toContain('mp_');
  });

  it('needs a name of its own, on one line; what is refused leaves nothing behind', async () => {
    const name = newName();
    await operate('POST', { name });
    const before = await countTenants();
    const zh = {
      'accept-language': 'zh',
      authorization: `Bearer ${platform.kernel.operatorToken.issue()}`,
    };
    expect(await operate('POST', { name }, zh)).toEqual({
      status: 409,
      body: {
        error: {
          code: 'TENANT_NAME_TAKEN',
          type: 'Conflict',
          message: `已存在名为“${name}”的租户，请换一个名称。`,
          param: null,
        },
      },
    });
    for (const wrong of [{ name: ' ' }, { name: 'a\nb' }, { name: 'x'.repeat(101) }, { name: 7 }, {}, []]) {
      const { status, body } = await operate('POST', wrong);
      expect([status, body.error.code, body.error.param]).toEqual([400, 'INVALID_INPUT', 'name']);
    }
    expect(await countTenants()).toBe(before);
  });
});

it('nobody but the operator makes or lists tenants: no key of an administrator, no token of another installation', async () => {
  const before = await countTenants();
  const another = new OperatorToken(Buffer.alloc(32, 9)).issue();
  const [body, signature] = platform.kernel.operatorToken.issue().split('.') as [string, string];
  const forged = Buffer.from(
    Buffer.from(body, 'base64url')
      .toString()
      .replace(/\d{13}/, '9999999999999'),
  );
  const { principal } = await platform.kernel.auth.authenticate(administrator.authorization.authorization);
  const context = { principal, traceId: 't', locale: 'en' as const, signal: new AbortController().signal };
  for (const headers of [
    {},
    administrator.authorization,
    { authorization: `Bearer ${another}` },
    { authorization: `Bearer ${forged.toString('base64url')}.${signature}` },
    // Signed with the same master key, for another purpose.
    { authorization: `Bearer ${platform.kernel.contextToken.seal(context)}` },
  ] as Record<string, string>[]) {
    for (const method of ['GET', 'POST'] as const) {
      const refused = await operate(method, method === 'POST' ? { name: newName() } : undefined, headers);
      expect(refused.status).toBe(403);
      expect(refused.body.error.code).toBe('OPERATOR_ONLY');
    }
  }
  expect(await countTenants()).toBe(before);
});
