import { asError, type Database, type Logger } from '@midplane/kernel';
import type { Redis } from 'ioredis';
import { type Closing, Leases } from './leases.js';
import {
  type Demand,
  type LimitStore,
  type Refusal,
  RESERVATION_MS,
  type Settlement,
  type SpentBudget,
} from './limit-store.port.js';
import { readSpent } from './postgres.limit-store.js';

/** Longer than any period: what is not used any more goes by itself. */
const KEPT_MS = 40 * 24 * 3_600_000;

/** How many times as much must be free for what is set aside for several calls at once. */
const SPARE = 20;

/**
 * Each demand has three keys (its rates, its budget, what is set aside for it by call) and five arguments: requests a
 * minute, tokens a minute, tokens, budget, micros; a limit that it has not is ''. First all are looked at, then all
 * are taken. `times` is for how many calls at once; then nothing is taken unless `spare` times as much is free, so
 * that what one process has set aside for its next calls is never what another one lacks. Answers {'ok'}, {'cold', i}
 * where Redis doesn't know what is spent, {'near'} where too little is free for so many, or the refusal.
 */
const RESERVE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local n, call, lifetime, kept = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local times, spare = tonumber(ARGV[5]), tonumber(ARGV[6])
local plans = {}
for i = 1, n do
  local rate, budget, held = KEYS[3 * i - 2], KEYS[3 * i - 1], KEYS[3 * i]
  local a = 6 + (i - 1) * 5
  local rpm, tpm, tokens = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
  local limit, micros = tonumber(ARGV[a + 4]), tonumber(ARGV[a + 5])
  local plan = {}
  if rpm or tpm then
    local bucket = redis.call('HMGET', rate, 'requests', 'tokens', 'at')
    local minutes = math.max(0, now - (tonumber(bucket[3]) or now)) / 60000
    if rpm then
      local filled = math.min(rpm, (tonumber(bucket[1]) or rpm) + minutes * rpm)
      if times > 1 and filled < times * spare then return {'near'} end
      plan.requests = filled - times
      if plan.requests < 0 then return {'requests', i, math.ceil(-plan.requests * 60000 / rpm)} end
    end
    if tpm then
      local filled = math.min(tpm, (tonumber(bucket[2]) or tpm) + minutes * tpm)
      if times > 1 and filled < tokens * spare then return {'near'} end
      local missing = math.min(tokens, tpm) - filled
      if missing > 0 then return {'tokens', i, math.ceil(missing * 60000 / tpm)} end
      plan.tokens = filled - tokens
    end
  end
  if limit then
    local spent = redis.call('HGET', budget, 'spent')
    if not spent then return {'cold', i} end
    for _, member in ipairs(redis.call('ZRANGEBYSCORE', held, '-inf', now)) do
      redis.call('ZREM', held, member)
      redis.call('HINCRBY', budget, 'reserved', '-' .. string.match(member, '%d+$'))
    end
    local reserved = tonumber(redis.call('HGET', budget, 'reserved')) or 0
    if times > 1 and limit - tonumber(spent) - reserved < micros * spare then return {'near'} end
    if tonumber(spent) + reserved + micros > limit then return {'budget', i} end
    plan.micros = ARGV[a + 5]
  end
  plans[i] = plan
end
for i = 1, n do
  local rate, budget, held = KEYS[3 * i - 2], KEYS[3 * i - 1], KEYS[3 * i]
  local plan = plans[i]
  if plan.requests or plan.tokens then
    redis.call('HSET', rate, 'at', now)
    if plan.requests then redis.call('HSET', rate, 'requests', tostring(plan.requests)) end
    if plan.tokens then redis.call('HSET', rate, 'tokens', tostring(plan.tokens)) end
    redis.call('PEXPIRE', rate, kept)
  end
  if plan.micros then
    redis.call('HINCRBY', budget, 'reserved', plan.micros)
    redis.call('ZADD', held, now + lifetime, call .. ':' .. plan.micros)
    redis.call('PEXPIRE', budget, kept)
    redis.call('PEXPIRE', held, kept)
  end
end
return {'ok'}`;

/**
 * The same keys; five arguments each: call:micros set aside, micros spent, tokens and requests to give back (or ''),
 * whether it has a budget. Then what of it is still set aside, as a list of call:micros for each budget alike.
 */
const SETTLE = `
local n, lifetime, kept = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local expires = time[1] * 1000 + math.floor(time[2] / 1000) + lifetime
for i = 1, n do
  local rate, budget, held = KEYS[3 * i - 2], KEYS[3 * i - 1], KEYS[3 * i]
  local a = 3 + (i - 1) * 5
  if ARGV[a + 5] == '1' then
    if redis.call('ZREM', held, ARGV[a + 1]) == 1 then
      redis.call('HINCRBY', budget, 'reserved', '-' .. string.match(ARGV[a + 1], '%d+$'))
      for m = 3 + n * 5 + 1, #ARGV do
        redis.call('ZADD', held, expires, ARGV[m])
        redis.call('HINCRBY', budget, 'reserved', string.match(ARGV[m], '%d+$'))
      end
      redis.call('PEXPIRE', held, kept)
    end
    if redis.call('HEXISTS', budget, 'spent') == 1 then redis.call('HINCRBY', budget, 'spent', ARGV[a + 2]) end
  end
  for at, name in pairs({[a + 3] = 'tokens', [a + 4] = 'requests'}) do
    if ARGV[at] ~= '' and redis.call('HEXISTS', rate, name) == 1 then
      redis.call('HINCRBYFLOAT', rate, name, ARGV[at])
    end
  end
end
return 1`;

/** Sets what is spent, where Redis knows less. */
const LEARN = `
local spent = tonumber(redis.call('HGET', KEYS[1], 'spent'))
if not spent or spent < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'spent', ARGV[1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`;

/** What RESERVE answers, where Redis knows what is spent: with the limit that refuses, and for how long. */
type Verdict = ['ok' | 'near' | 'budget' | 'requests' | 'tokens', index?: string, waitMs?: string];

/** The scripts above, each with the number of its keys, its keys and its arguments. */
type Script = (keys: number, ...args: (string | number)[]) => Promise<unknown>;
type Scripts = Record<'reserveModel' | 'settleModel' | 'learnModel', Script>;

/**
 * Counts in Redis, in atomic steps, whichever process a call is in. What is spent is Postgres's to know: a Redis that
 * was lost learns it anew. While Redis is away, Postgres counts. Where many calls come and much is left, one step is
 * for many calls: see {@link Leases}.
 */
export class RedisLimitStore implements LimitStore {
  private readonly scripts: Scripts;
  private readonly leases: Leases;

  /** @param redis a connection of its own, which fails at once rather than queue while it is away */
  constructor(
    private readonly redis: Redis,
    private readonly database: Database,
    private readonly fallback: LimitStore,
    private readonly logger: Logger,
  ) {
    redis.on('error', (error) => logger.warn({ err: error }, 'Redis, for limits of models, is away'));
    // Sent once, called by their hash from then on.
    redis.defineCommand('reserveModel', { lua: RESERVE });
    redis.defineCommand('settleModel', { lua: SETTLE });
    redis.defineCommand('learnModel', { lua: LEARN });
    this.scripts = redis as unknown as Scripts;
    this.leases = new Leases({
      open: (tenantId, leaseId, demands, times) => this.openLease(tenantId, leaseId, demands, times),
      // The lease stays set aside, by so much less.
      share: ({ tenantId, id, demands, micros }) =>
        this.giveBack({
          ...{ tenantId, id, demands, times: 0, tokens: demands[0]!.tokens, micros },
          left: [{ id, tokens: 0, micros: demands[0]!.micros - micros }],
        }),
      close: (closing) => this.giveBack(closing),
    });
    // What Redis knew of them may be lost with the connection.
    redis.on('close', () => this.leases.forget());
  }

  async reserve(tenantId: string, callId: string, demands: Demand[]): Promise<Refusal | undefined> {
    const drawn = this.leases.draw(tenantId, callId, demands);
    if (drawn === true || (drawn && (await drawn))) return undefined;
    try {
      const [verdict, index, waitMs] = await this.tryReserve(tenantId, callId, demands, 1);
      // Only a lease can be too large for what is left.
      if (verdict === 'ok' || verdict === 'near') return undefined;
      const demand = demands[Number(index) - 1]!;
      if (verdict === 'budget') return { kind: 'budget', demand };
      return { kind: verdict, demand, waitMs: Number(waitMs) };
    } catch (error) {
      this.logger.warn({ err: asError(error) }, 'a limit of models is counted in Postgres');
      return this.fallback.reserve(tenantId, callId, demands);
    }
  }

  settle({ tenantId, callId, demands, tokens, micros }: Settlement): void {
    if (this.leases.settle(callId, tokens, micros)) return;
    // Not waited for: Redis works off a connection in order, so that what is reserved next sees it.
    void this.giveBack({ tenantId, id: callId, demands, times: 0, left: [], tokens, micros });
  }

  share(tenantId: string): Promise<void> {
    return this.leases.share(tenantId);
  }

  async learn(tenantId: string, spent: SpentBudget[]): Promise<void> {
    await Promise.all(
      spent.map(({ limitId, subject, period, micros }) =>
        this.scripts.learnModel(1, budgetKey(tenantId, limitId, subject, period), micros, KEPT_MS),
      ),
    ).catch((error: unknown) =>
      this.logger.debug({ err: asError(error) }, 'Redis does not learn what is spent'),
    );
  }

  async close(): Promise<void> {
    await this.leases.closeAll();
    // After what is still being settled.
    await this.redis.quit().catch(() => this.redis.disconnect());
  }

  private async openLease(
    tenantId: string,
    leaseId: string,
    demands: Demand[],
    times: number,
  ): Promise<boolean> {
    try {
      const [verdict] = await this.tryReserve(tenantId, leaseId, demands, times);
      return verdict === 'ok';
    } catch {
      // The call that wanted it asks for itself alone, and is told.
      return false;
    }
  }

  /** Gives back what of a reservation was not needed. */
  private async giveBack(closing: Closing): Promise<void> {
    const { tenantId, id, demands, times, left, tokens, micros } = closing;
    const args = demands.flatMap(({ limit, ...asked }) => [
      `${id}:${asked.micros}`,
      micros,
      limit.tokensPerMinute === null ? '' : asked.tokens - tokens,
      limit.requestsPerMinute === null || times === 0 ? '' : times,
      limit.budgetMicros === null ? '0' : '1',
    ]);
    await this.scripts
      .settleModel(
        3 * demands.length,
        ...keysOf(tenantId, demands),
        demands.length,
        RESERVATION_MS,
        KEPT_MS,
        ...args,
        ...left.map((call) => `${call.id}:${call.micros}`),
      )
      .catch((error: unknown) =>
        this.logger.warn({ err: asError(error) }, 'Redis learns later what a call took'),
      );
  }

  /** Reserves, once Redis knows what is spent. */
  private async tryReserve(tenantId: string, id: string, demands: Demand[], times: number): Promise<Verdict> {
    const args = demands.flatMap(({ limit, tokens, micros }) => [
      limit.requestsPerMinute ?? '',
      limit.tokensPerMinute ?? '',
      tokens,
      limit.budgetMicros ?? '',
      micros,
    ]);
    for (;;) {
      const verdict = await this.scripts.reserveModel(
        3 * demands.length,
        ...keysOf(tenantId, demands),
        demands.length,
        id,
        RESERVATION_MS,
        KEPT_MS,
        times,
        SPARE,
        ...args,
      );
      const [word, index] = verdict as ['cold', string] | Verdict;
      if (word !== 'cold') return verdict as Verdict;
      await this.warm(tenantId, demands[Number(index) - 1]!);
    }
  }

  private async warm(tenantId: string, { limit, subject, period }: Demand): Promise<void> {
    const micros = await this.database.tenantOf(tenantId, (manager) =>
      readSpent(manager, limit.id, subject, period),
    );
    await this.scripts.learnModel(1, budgetKey(tenantId, limit.id, subject, period), micros, KEPT_MS);
  }
}

/** Keys of one tenant lie in one slot of a cluster. */
const prefix = (tenantId: string, limitId: string, subject: string) =>
  `midplane:{${tenantId}}:limit:${limitId}:${subject}`;

const budgetKey = (tenantId: string, limitId: string, subject: string, period: string) =>
  `${prefix(tenantId, limitId, subject)}:${period}`;

function keysOf(tenantId: string, demands: Demand[]): string[] {
  return demands.flatMap(({ limit, subject, period }) => [
    `${prefix(tenantId, limit.id, subject)}:rate`,
    budgetKey(tenantId, limit.id, subject, period),
    `${budgetKey(tenantId, limit.id, subject, period)}:held`,
  ]);
}
