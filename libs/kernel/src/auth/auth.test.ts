import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asPrincipal, createKey, createPrincipal, createTenant, testDatabase } from '@midplane/testing';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog, canonicalJson } from '../audit/audit-log.js';
import type { Role } from '../context/request-context.js';
import { createLogger } from '../telemetry/logger.js';
import { authorize } from './abilities.js';
import { ApiKeyEntity } from './api-key.entity.js';
import { ApiKeyService } from './api-key.service.js';
import { AuthService, hashKey } from './auth.service.js';
import { OidcVerifier } from './oidc-verifier.js';
import { PrincipalRepository } from './principal.repository.js';
import { provisionAdministrator } from './provisioning.js';

let test: Awaited<ReturnType<typeof testDatabase>>;
let principals: PrincipalRepository;
let auth: AuthService;
let keys: ApiKeyService;
const logger = createLogger('silent', 'test');

beforeAll(async () => {
  test = await testDatabase({ entities: [ApiKeyEntity] });
  principals = new PrincipalRepository(test.database);
  auth = new AuthService(principals, undefined, logger);
  keys = new ApiKeyService(test.database, auth, new AuditLog());
});
afterAll(() => test?.close());

describe('API keys', () => {
  it('tell who holds them, with the groups of the user and the roles of the key', async () => {
    const user = await createPrincipal(test.database, { groups: ['hr', 'board'] });
    const key = await createKey(test.database, user, { roles: ['application'], requestsPerMinute: 7 });
    const { principal, requestsPerMinute } = await auth.authenticate(`Bearer ${key}`);
    expect(principal).toMatchObject({ tenantId: user.tenantId, userId: user.userId, roles: ['application'] });
    expect([...principal.groupIds].sort()).toEqual([...user.groupIds].sort());
    expect(requestsPerMinute).toBe(7);
  });

  it.each([undefined, '', 'Bearer', 'Bearer x', 'Basic YTpi', `Bearer mp_${'x'.repeat(43)}`])(
    'refuse %j',
    async (header) => {
      await expect(auth.authenticate(header)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    },
  );

  it('are shown once, kept hashed, listed without themselves, and end at once when revoked', async () => {
    const admin = await createPrincipal(test.database);
    const { key, entry } = await asPrincipal(admin, () =>
      keys.create({ name: 'app', roles: ['application'] }),
    );
    expect(key).toMatch(/^mp_[\w-]{43}$/);
    const stored = await test.dataSource.query<unknown[]>('select * from api_key where id = $1', [entry.id]);
    expect(JSON.stringify(stored)).not.toContain(key);
    const listed = await asPrincipal(admin, () => keys.list());
    expect(listed.map(({ id, hint }) => ({ id, hint }))).toEqual([{ id: entry.id, hint: key.slice(-4) }]);
    expect(listed[0]!.hash).toBeUndefined();

    await auth.authenticate(`Bearer ${key}`);
    await asPrincipal(admin, () => keys.revoke(entry.id));
    await expect(auth.authenticate(`Bearer ${key}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(asPrincipal(admin, () => keys.revoke(entry.id))).rejects.toMatchObject({
      code: 'API_KEY_NOT_FOUND',
    });
  });

  it('end when they expire or their user is disabled', async () => {
    const user = await createPrincipal(test.database);
    const expired = await createKey(test.database, user, { expiresAt: new Date(Date.now() - 1000) });
    await expect(auth.authenticate(`Bearer ${expired}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const key = await createKey(test.database, user);
    await test.dataSource.query('update app_user set disabled_at = now() where id = $1', [user.userId]);
    await expect(auth.authenticate(`Bearer ${key}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('are not seen, made or revoked by another tenant or another role', async () => {
    const admin = await createPrincipal(test.database);
    const stranger = await createPrincipal(test.database);
    const { entry } = await asPrincipal(admin, () => keys.create({ name: 'app', roles: ['application'] }));
    expect(await asPrincipal(stranger, () => keys.list())).toEqual([]);
    await expect(asPrincipal(stranger, () => keys.revoke(entry.id))).rejects.toMatchObject({
      code: 'API_KEY_NOT_FOUND',
    });
    const application = { ...admin, roles: ['application'] as Role[] };
    await expect(
      asPrincipal(application, () => keys.create({ name: 'x', roles: ['administrator'] })),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it.each([
    [{ name: ' ', roles: ['application' as Role] }, 'name'],
    [{ name: 'x', roles: [] }, 'roles'],
    [{ name: 'x', roles: ['application' as Role], expiresAt: new Date(0) }, 'expiresAt'],
    [{ name: 'x', roles: ['application' as Role], requestsPerMinute: 0 }, 'requestsPerMinute'],
  ])('are refused for %j', async (input, field) => {
    const admin = await createPrincipal(test.database);
    await expect(asPrincipal(admin, () => keys.create(input))).rejects.toMatchObject({
      problem: { code: 'INVALID_INPUT', params: { field } },
    });
  });
});

describe('tokens of an identity provider', () => {
  let server: Server;
  let issuer: string;
  let sign: (
    claims: Record<string, unknown>,
    changes?: { issuer?: string; expires?: string },
  ) => Promise<string>;
  let withOidc: AuthService;
  let tenant: string;

  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256' };
    server = createServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify(request.url === '/keys' ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` }),
      );
    });
    await new Promise<void>((up) => server.listen(0, '127.0.0.1', up));
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    sign = (claims, changes = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
        .setIssuer(changes.issuer ?? issuer)
        .setAudience('midplane')
        .setExpirationTime(changes.expires ?? '5m')
        .sign(privateKey);
    withOidc = new AuthService(principals, new OidcVerifier(issuer, 'midplane'), logger);
    tenant = `acme ${Date.now()}`;
    await createTenant(test.database, tenant);
  });
  afterAll(() => server?.close());

  it('make the user on first sight and keep roles and groups as the token says', async () => {
    const first = await withOidc.authenticate(
      `Bearer ${await sign({ sub: 'ann', name: 'Ann', tenant, roles: ['auditor', 'root'], groups: ['hr', 'ops'] })}`,
    );
    expect(first.principal.roles).toEqual(['auditor']);
    expect(first.principal.groupIds).toHaveLength(2);
    const second = await withOidc.authenticate(
      `Bearer ${await sign({ sub: 'ann', tenant, groups: ['hr'] })}`,
    );
    expect(second.principal.userId).toBe(first.principal.userId);
    expect(second.principal.roles).toEqual(['application']);
    expect(second.principal.groupIds).toHaveLength(1);
    expect(first.principal.groupIds).toContain(second.principal.groupIds[0]);
  });

  it('are refused when they are expired, of another issuer or audience, unsigned, or name no tenant of ours', async () => {
    const good = { sub: 'ann', tenant };
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(
      JSON.stringify({ ...good, iss: issuer, aud: 'midplane', exp: 9_999_999_999 }),
    ).toString('base64url')}.`;
    const refused = [
      await sign(good, { expires: '1 minute ago' }),
      await sign(good, { issuer: 'https://evil.example' }),
      await sign({ ...good, tenant: 'nobody' }),
      unsigned,
    ];
    for (const token of refused) {
      await expect(withOidc.authenticate(`Bearer ${token}`)).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
      });
    }
    const otherAudience = new AuthService(principals, new OidcVerifier(issuer, 'else'), logger);
    await expect(otherAudience.authenticate(`Bearer ${await sign(good)}`)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });
});

it.each([
  ['administrator', 'delete', 'KnowledgeBase', true],
  ['administrator', 'create', 'ApiKey', true],
  ['knowledge-admin', 'delete', 'Document', true],
  ['knowledge-admin', 'create', 'ApiKey', false],
  ['application', 'ask', 'KnowledgeBase', true],
  ['application', 'create', 'Document', false],
  ['tool-developer', 'create', 'Tool', true],
  ['tool-developer', 'delete', 'Document', false],
  ['auditor', 'read', 'AuditEvent', true],
  ['auditor', 'search', 'KnowledgeBase', false],
] as const)('%s may %s %s: %s', async (role, action, subject, allowed) => {
  const principal = { tenantId: 't', userId: 'u', groupIds: [], roles: [role] };
  const attempt = () => asPrincipal(principal, () => authorize(action, subject));
  if (allowed) expect(attempt).not.toThrow();
  else expect(attempt).toThrow(/may not/);
});

describe('the first administrator', () => {
  it('is made once, with a key in a file that only this user reads', async () => {
    const home = await mkdtemp(join(tmpdir(), 'midplane-'));
    const first = await provisionAdministrator(principals, test.database, home, undefined);
    expect(first.created).toBe(true);
    expect((await stat(first.keyFile)).mode & 0o777).toBe(0o600);
    expect((await readFile(first.keyFile, 'utf8')).trim()).toBe(first.key);
    const again = await provisionAdministrator(principals, test.database, home, undefined);
    expect(again).toMatchObject({
      created: false,
      key: first.key,
      principal: { userId: first.principal.userId },
    });
    expect((await auth.authenticate(`Bearer ${first.key}`)).principal.roles).toEqual(['administrator']);
    await rm(home, { recursive: true });
  });

  it('takes a preset key and writes it nowhere', async () => {
    const home = await mkdtemp(join(tmpdir(), 'midplane-'));
    const preset = `mp_${'preset'.repeat(8)}`;
    await provisionAdministrator(principals, test.database, home, preset);
    await expect(stat(join(home, 'admin.key'))).rejects.toThrow(/ENOENT/);
    expect(await principals.holderOfKey(hashKey(preset))).toMatchObject({ roles: ['administrator'] });
    await rm(home, { recursive: true });
  });
});

describe('the audit ledger', () => {
  it('chains its events, without a gap, under parallel writers', async () => {
    const who = await createPrincipal(test.database);
    const audit = new AuditLog();
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        asPrincipal(who, () =>
          test.database.tenant((m) =>
            audit.append(m, { action: 'test', subject: String(n), detail: { b: 1, a: n } }),
          ),
        ),
      ),
    );
    const events = await test.dataSource.query<{ sequence: string; hash: Buffer; previous_hash: Buffer }[]>(
      'select sequence, hash, previous_hash from audit_event where tenant_id = $1 order by sequence',
      [who.tenantId],
    );
    expect(events.map((event) => Number(event.sequence))).toEqual(
      Array.from({ length: 12 }, (_, n) => n + 1),
    );
    for (const [n, event] of events.entries()) {
      expect(event.previous_hash).toEqual(n === 0 ? Buffer.alloc(32) : events[n - 1]!.hash);
    }
  });

  it('can be added to, not changed', async () => {
    const who = await createPrincipal(test.database);
    const change = (sql: string) => asPrincipal(who, () => test.database.tenant((m) => m.query(sql)));
    await expect(change(`update audit_event set action = 'x'`)).rejects.toThrow(/permission denied/);
    await expect(change('delete from audit_event')).rejects.toThrow(/permission denied/);
  });

  it('hashes the same event to the same bytes whatever the order of its keys', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
  });
});
