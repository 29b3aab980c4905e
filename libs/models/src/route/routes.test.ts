import { randomUUID } from 'node:crypto';
import type { RoutePlan } from '@midplane/contracts';
import { UserError } from '@midplane/kernel';
import { asPrincipal, createPrincipal, FakeChatServer } from '@midplane/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { CanarySide } from '../ledger/ledger.repository.js';
import { addModel, addRoute, ask, type BootedModels, bootModels, HI } from '../testing/boot-models.js';
import { CanaryWatch, worse } from './canary-watch.js';

let booted: BootedModels;
let first: FakeChatServer;
let second: FakeChatServer;

beforeAll(async () => {
  first = await FakeChatServer.start();
  second = await FakeChatServer.start();
  booted = await bootModels();
});
afterAll(async () => {
  await booted?.close();
  await first?.close();
  await second?.close();
});
beforeEach(() => {
  first.say('first');
  second.say('second');
});

async function two(more: { a?: object; b?: object } = {}) {
  const a = await addModel(booted, first.url, { more: more.a });
  const b = await addModel(booted, second.url, { more: more.b });
  return { a, b };
}
const complete = async (model: string, user?: string) =>
  (await booted.models.complete({ model, messages: HI, user })).model;
async function counts(model: string, calls: number): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (let done = 0; done < calls; done += 50) {
    const answered = await Promise.all(Array.from({ length: 50 }, () => complete(model)));
    for (const name of answered) counted[name] = (counted[name] ?? 0) + 1;
  }
  return counted;
}
const auditOf = (subject: string) =>
  booted.modules.kernel.database.dataSource.query<{ action: string; detail: object }[]>(
    'select action, detail from audit_event where subject = $1 order by sequence',
    [subject],
  );
type Plan = z.input<typeof RoutePlan>;

describe('a route', () => {
  it('splits 2,000 calls 70 to 30 within 3 points', () =>
    booted.as(async () => {
      const { a, b } = await two();
      const targets = [
        { modelId: a.id, weight: 70 },
        { modelId: b.id, weight: 30 },
      ];
      const route = await addRoute(booted, { targets });
      const counted = await counts(route.name, 2_000);
      expect(Math.abs(counted[a.name]! / 2_000 - 0.7)).toBeLessThan(0.03);
      expect(counted[a.name]! + counted[b.name]!).toBe(2_000);
    }));

  it('keeps each user on the same side of a canary, and about its share of them', () =>
    booted.as(async () => {
      const { a, b } = await two();
      const targets = [
        { modelId: a.id, weight: 80 },
        { modelId: b.id, weight: 20, canary: true },
      ];
      const route = await addRoute(booted, { targets });
      const users = Array.from({ length: 300 }, (_, i) => `user ${i}`);
      const once = await Promise.all(users.map((user) => complete(route.name, user)));
      const again = await Promise.all(users.map((user) => complete(route.name, user)));
      expect(again).toEqual(once);
      const inCanary = once.filter((name) => name === b.name).length;
      expect(inCanary).toBeGreaterThan(30);
      expect(inCanary).toBeLessThan(95);

      const more = [
        { modelId: a.id, weight: 50 },
        { modelId: b.id, weight: 50, canary: true },
      ];
      const { number } = await booted.models.addRouteVersion({ routeId: route.id, plan: { targets: more } });
      const grown = await Promise.all(users.map((user) => complete(`${route.name}@${number}`, user)));
      expect(users.every((_, i) => once[i] === a.name || grown[i] === b.name)).toBe(true);
      expect(grown.filter((name) => name === b.name).length).toBeGreaterThan(inCanary);
    }));

  it('sends a shadow a copy that nobody sees, and compares both in the ledger', () =>
    booted.as(async () => {
      const { a, b } = await two();
      const targets = [{ modelId: a.id }, { modelId: b.id, shadow: true }];
      const route = await addRoute(booted, { targets });
      const { text, result } = await ask(booted, { model: route.name });
      expect(text).toBe('first');
      await expect.poll(() => second.requests.length).toBe(1);
      expect(second.requests[0]!.messages).toEqual(first.requests[0]!.messages);
      await expect
        .poll(async () => (await booted.ledger()).filter((row) => row.shadow_of === result!.callId))
        .toMatchObject([{ model: b.name, outcome: 'ok', completion_tokens: 12 }]);

      second.reply({ status: 500 });
      expect((await ask(booted, { model: route.name })).text).toBe('first');
    }));

  it('chooses the cheapest, and the one with the fewest calls in flight', () =>
    booted.as(async () => {
      const { a, b } = await two({ a: { promptPriceMicros: 900 }, b: { promptPriceMicros: 100 } });
      const targets = [{ modelId: a.id }, { modelId: b.id }];
      const cheap = await addRoute(booted, { targets, choice: 'cost' });
      expect(await counts(cheap.name, 50)).toEqual({ [b.name]: 50 });

      const idle = await addRoute(booted, { targets, choice: 'least-busy' });
      first.reply({ steps: [{ text: 'x' }, { hang: true }] });
      const held = await booted.models.chat({ model: a.name, messages: HI });
      await held.next();
      expect(await counts(idle.name, 50)).toEqual({ [b.name]: 50 });
      await held.return?.();
    }));

  it('has versions: promote, roll back, pin, ask for one', () =>
    booted.as(async () => {
      const { a, b } = await two();
      const route = await addRoute(booted, { targets: [{ modelId: a.id }] });
      const plan: Plan = { targets: [{ modelId: b.id }] };
      const added = await booted.models.addRouteVersion({ routeId: route.id, plan, note: 'try b' });
      expect(added).toMatchObject({ number: 2, note: 'try b' });
      expect(await complete(route.name)).toBe(a.name);
      expect(await complete(`${route.name}@2`)).toBe(b.name);

      expect(await booted.models.promoteRoute({ routeId: route.id, version: 2 })).toMatchObject({
        activeVersion: 2,
        previousVersion: 1,
      });
      expect(await complete(route.name)).toBe(b.name);
      await booted.models.pinRoute({ routeId: route.id, userId: booted.admin.userId, version: 1 });
      expect(await complete(route.name)).toBe(a.name);
      await booted.models.pinRoute({ routeId: route.id, userId: booted.admin.userId, version: null });
      expect(await booted.models.rollBackRoute({ routeId: route.id })).toMatchObject({ activeVersion: 1 });
      expect(await complete(route.name)).toBe(a.name);
      expect((await auditOf(route.id)).map(({ action }) => action)).toEqual([
        'model-route.create',
        'model-route.add-version',
        'model-route.promote',
        'model-route.pin',
        'model-route.pin',
        'model-route.roll-back',
      ]);
      expect((await ask(booted, { model: `${route.name}@9` })).error).toMatchObject({
        code: 'ROUTE_VERSION_NOT_FOUND',
      });
    }));

  it('named default serves who names no model', () =>
    booted.as(async () => {
      expect((await ask(booted, {})).error).toMatchObject({ code: 'MODEL_NOT_FOUND' });
      expect(await booted.models.resolve({})).toBeNull();
      const { a } = await two();
      const { id } = await addRoute(booted, { targets: [{ modelId: a.id }] }, 'default');
      expect((await ask(booted, {})).result?.model).toBe(a.name);
      expect(await booted.models.resolve({})).toMatchObject({ name: a.name, contextTokens: 8192 });
      await booted.models.deleteRoute({ id });
    }));
});

describe('a canary', () => {
  const guard = { minCalls: 10, errorMargin: 0.1, timeRatio: 100 };

  it('that fails is rolled back by itself, with an audit event, and its users lose nothing', () =>
    booted.as(async () => {
      const { a, b } = await two();
      const targets = [
        { modelId: a.id, weight: 50 },
        { modelId: b.id, weight: 50, canary: true },
      ];
      const route = await addRoute(booted, { targets, guard });
      second.reply({ status: 400 });
      const users = Array.from({ length: 60 }, () => randomUUID());
      const answered = await Promise.all(users.map((user) => complete(route.name, user)));
      expect(new Set(answered)).toEqual(new Set([a.name]));
      await booted.ledger();
      const { models } = booted;
      await expect
        .poll(async () => (await models.routes()).find(({ id }) => id === route.id)?.activeVersion, {
          timeout: 10_000,
        })
        .toBe(2);
      expect(await models.routeVersions({ routeId: route.id })).toMatchObject([
        { number: 1 },
        { number: 2, plan: { targets: [{ modelId: a.id }] } },
      ]);
      expect((await auditOf(route.id)).at(-1)).toMatchObject({
        action: 'model-route.roll-back-canary',
        detail: { by: 'errors', from: 1, to: 2, canary: b.id },
      });
    }));

  it('is judged once more for calls that were written just after a judgement', () =>
    booted.as(async () => {
      const { a, b } = await two();
      const targets = [
        { modelId: a.id, weight: 1 },
        { modelId: b.id, weight: 99, canary: true },
      ];
      const route = await addRoute(booted, { targets, guard });
      second.reply({ status: 400 });
      for (const calls of [5, 30]) {
        await Promise.all(Array.from({ length: calls }, () => complete(route.name, randomUUID())));
        await booted.ledger();
      }
      await expect
        .poll(async () => (await booted.models.routes()).find(({ id }) => id === route.id)?.activeVersion, {
          timeout: 10_000,
        })
        .toBe(2);
    }));

  it('that is scored worse is rolled back', () =>
    booted.as(async () => {
      const { a, b } = await two();
      const targets = [
        { modelId: a.id, weight: 50 },
        { modelId: b.id, weight: 50, canary: true },
      ];
      const route = await addRoute(booted, { targets, guard });
      for (let i = 0; i < 40; i++) {
        const { model, callId } = await booted.models.complete({
          model: route.name,
          messages: HI,
          user: `user ${i}`,
        });
        expect(await booted.models.scoreCall({ callId, score: model === b.name ? 0.2 : 0.9 })).toEqual({
          found: true,
        });
      }
      const after = (await booted.models.routes()).find(({ id }) => id === route.id);
      expect(after).toMatchObject({ activeVersion: 2, previousVersion: 1 });
      expect((await auditOf(route.id)).at(-1)).toMatchObject({ detail: { by: 'score' } });
      expect(
        await booted.modules.get(CanaryWatch).judge(booted.admin.tenantId, booted.admin.userId, route.id),
      ).toBe(false);
    }));

  it.each<[string, Partial<CanarySide>, Partial<CanarySide>, object | undefined]>([
    ['too few calls say so', { calls: 9, errors: 9 }, {}, undefined],
    ['errors within the margin', { errors: 1 }, { errors: 0 }, undefined],
    ['errors beyond it', { errors: 3 }, { errors: 1 }, { by: 'errors' }],
    ['both fail alike', { errors: 9 }, { errors: 9 }, undefined],
    ['slower beyond the ratio', { medianMs: 301 }, { medianMs: 200 }, { by: 'time' }],
    ['slower within it', { medianMs: 299 }, { medianMs: 200 }, undefined],
    ['a base that nobody has called yet', { medianMs: 900 }, { calls: 0 }, undefined],
    ['scored worse', { scored: 10, meanScore: 0.5 }, { scored: 10, meanScore: 0.8 }, { by: 'score' }],
    ['scored by too few', { scored: 3, meanScore: 0.1 }, { scored: 10, meanScore: 0.8 }, undefined],
  ])('is judged: %s', (_, canary, base, verdict) => {
    const side = { calls: 10, errors: 0, medianMs: 100, scored: 0, meanScore: null };
    const margins = { minCalls: 10, errorMargin: 0.1, timeRatio: 1.5, scoreMargin: 0.1 };
    expect(worse({ ...side, ...canary }, { ...side, ...base }, margins)).toEqual(verdict);
  });
});

describe('what a model lacks', () => {
  it.each<[object, object, string]>([
    [{ supports: { tools: false } }, { tools: [{ name: 'f' }] }, 'tools'],
    [
      { supports: { jsonSchema: false } },
      { responseFormat: { type: 'schema', name: 's', schema: {} } },
      'responseFormat',
    ],
    [
      {},
      { messages: [{ role: 'user', content: [{ type: 'image', url: 'data:image/png;base64,AA' }] }] },
      'messages.0.content',
    ],
  ])('is said before the call: %j', (more, input, field) =>
    booted.as(async () => {
      const { a } = await two({ a: more });
      const { error } = await ask(booted, { model: a.name, ...input });
      expect(error).toMatchObject({ problem: { code: 'MODEL_LACKS', params: { model: a.name, field } } });
      expect(first.requests).toHaveLength(0);
    }),
  );

  it('sends the call to a target that can', () =>
    booted.as(async () => {
      const { a, b } = await two({ a: { supports: { tools: false } } });
      const route = await addRoute(booted, { targets: [{ modelId: a.id }], fallbacks: [b.id] });
      const { result } = await ask(booted, { model: route.name, tools: [{ name: 'f' }] });
      expect(result?.model).toBe(b.name);
    }));
});

describe('management', () => {
  it('keeps keys where nobody can read them', () =>
    booted.as(async () => {
      const { providerId } = await addModel(booted, first.url, { apiKey: 'sk-very-secret-1234' });
      const listed = await booted.models.providers();
      expect(listed.find(({ id }) => id === providerId)).toMatchObject({ keyHint: '1234', editable: true });
      const { dataSource } = booted.modules.kernel.database;
      const [row] = await dataSource.query('select * from model_provider where id = $1', [providerId]);
      expect(JSON.stringify([listed, row, row.sealed_key.toString('latin1')])).not.toContain(
        'sk-very-secret',
      );
      const audit = await dataSource.query('select * from audit_event where subject = $1', [providerId]);
      expect(JSON.stringify(audit)).not.toContain('sk-very');
    }));

  it('uses a new key from the next call on', () =>
    booted.as(async () => {
      const { name, providerId } = await addModel(booted, first.url);
      await booted.models.updateProvider({ id: providerId, apiKey: 'sk-another-0000' });
      await complete(name);
      expect(first.requests[0]!.authorization).toBe('Bearer sk-another-0000');
    }));

  it('refuses what is taken, in use or not there', () =>
    booted.as(async () => {
      const { id, name, providerId } = await addModel(booted, first.url);
      const route = await addRoute(booted, { targets: [{ modelId: id }] });
      const { models } = booted;
      const refused = async (work: Promise<unknown>) =>
        work.then(
          () => 'done',
          (error: UserError) => error.code,
        );
      const base = { kind: 'openai' as const, baseUrl: first.url };
      expect(await refused(models.createProvider({ name: `of-${name}`, ...base }))).toBe(
        'PROVIDER_NAME_TAKEN',
      );
      expect(await refused(models.createModel({ providerId, name, upstreamName: 'x' }))).toBe(
        'MODEL_NAME_TAKEN',
      );
      expect(await refused(models.deleteProvider({ id: providerId }))).toBe('PROVIDER_IN_USE');
      expect(await refused(models.deleteModel({ id }))).toBe('MODEL_IN_USE');
      const plan = { targets: [{ modelId: randomUUID() }] };
      expect(await refused(models.createRoute({ name: 'other', plan }))).toBe('MODEL_NOT_FOUND');
      expect(
        await refused(models.createRoute({ name: route.name, plan: { targets: [{ modelId: id }] } })),
      ).toBe('MODEL_NAME_TAKEN');
      expect(await refused(models.promoteRoute({ routeId: randomUUID(), version: 1 }))).toBe(
        'ROUTE_NOT_FOUND',
      );
      await models.deleteRoute({ id: route.id });
      await models.deleteModel({ id });
      await models.deleteProvider({ id: providerId });
      expect(await refused(complete(name))).toBe('MODEL_NOT_FOUND');
    }));

  it("is no application's business, nor another tenant's", async () => {
    const { a } = await booted.as(() => two());
    const application = await createPrincipal(booted.modules.kernel.database, {
      tenantId: booted.admin.tenantId,
      roles: ['application'],
    });
    const { models } = booted;
    await asPrincipal(application, async () => {
      expect(await complete(a.name)).toBe(a.name);
      const base = { kind: 'openai' as const, baseUrl: first.url };
      for (const work of [
        models.providers(),
        models.createProvider({ name: 'x', ...base }),
        models.setLimit({ scope: 'tenant', requestsPerMinute: 1 }),
        models.usage({ from: new Date(0), to: new Date(), groupBy: 'DAY' }),
      ]) {
        await expect(work).rejects.toMatchObject({ code: 'FORBIDDEN' });
      }
    });
    const stranger = await createPrincipal(booted.modules.kernel.database);
    await asPrincipal(stranger, async () => {
      await expect(complete(a.name)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
      expect([await models.models({}), await models.routes(), await models.limits()]).toEqual([[], [], []]);
      await expect(models.deleteModel({ id: a.id })).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
      const usage = await models.usage({ from: new Date(0), to: new Date(Date.now() + 1e6), groupBy: 'DAY' });
      expect(usage).toEqual([]);
    });
  });
});
