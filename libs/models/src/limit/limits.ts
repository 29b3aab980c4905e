import type { LimitScope, Locale } from '@midplane/contracts';
import { currentContext, type Principal, UserError } from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, Limit } from '../catalog/catalog.js';
import {
  type Demand,
  LIMIT_STORE,
  type LimitStore,
  type Refusal,
  type Settlement,
} from './limit-store.port.js';

/** What a call takes at most. */
export interface Needs {
  tokens: number;
  micros: number;
}

/** A limit with this subject is for each user, key or route that has none of its own. */
const EACH = '*';

const SCOPES: Record<Locale, Record<LimitScope, string>> = {
  en: { tenant: 'tenant', user: 'user', key: 'API key', route: 'route' },
  zh: { tenant: '租户', user: '用户', key: 'API 密钥', route: '路由' },
};
const RATES: Record<Locale, Record<'requests' | 'tokens', string>> = {
  en: { requests: 'requests', tokens: 'tokens' },
  zh: { requests: '请求数', tokens: '词元数' },
};

const SCOPE_NAMES: readonly LimitScope[] = ['tenant', 'user', 'key', 'route'];

/** Admits calls by the tenant's limits. */
@Injectable()
export class Limits {
  constructor(@Inject(LIMIT_STORE) private readonly store: LimitStore) {}

  /**
   * Takes from every limit that a call falls under what it may need at most.
   * @returns what is to be settled after it; undefined where it falls under none
   * @throws UserError MODEL_RATE_LIMITED, MODEL_BUDGET_SPENT; then nothing was taken
   */
  async admit(
    catalog: Catalog,
    callId: string,
    route: string | null,
    needs: Needs,
  ): Promise<Omit<Settlement, 'tokens' | 'micros'> | undefined> {
    if (catalog.limits.length === 0) return undefined;
    const { principal } = currentContext();
    const demands = demandsOf(catalog.limits, principal, route, needs, new Date());
    if (demands.length === 0) return undefined;
    const refusal = await this.store.reserve(principal.tenantId, callId, demands);
    if (refusal) throw problemOf(refusal);
    return { tenantId: principal.tenantId, callId, demands };
  }

  /** Gives back at once what a call did not need. Never throws. */
  settle(settlement: Settlement): void {
    this.store.settle(settlement);
  }
}

function demandsOf(
  limits: Limit[],
  principal: Principal,
  route: string | null,
  needs: Needs,
  now: Date,
): Demand[] {
  const subjects: Record<LimitScope, string | undefined> = {
    tenant: '',
    user: principal.userId,
    key: principal.apiKeyId,
    route: route ?? undefined,
  };
  const periods = periodsAt(now);
  const demands: Demand[] = [];
  for (const scope of SCOPE_NAMES) {
    const subject = subjects[scope];
    if (subject === undefined) continue;
    const named = (name: string) => limits.find((each) => each.scope === scope && each.subject === name);
    const limit = named(subject) ?? named(EACH);
    if (limit) demands.push({ limit, subject, period: periods[limit.budgetPeriod], ...needs });
  }
  return demands;
}

/** @returns the names of the periods that a moment falls into, in UTC */
export function periodsAt(now: Date): Record<Limit['budgetPeriod'], string> {
  const day = now.toISOString().slice(0, 10);
  return { day, month: day.slice(0, 7), total: 'total' };
}

function problemOf(refusal: Refusal): UserError {
  const { locale } = currentContext();
  const scope = SCOPES[locale][refusal.demand.limit.scope];
  if (refusal.kind === 'budget') return new UserError('MODEL_BUDGET_SPENT', { scope });
  const retryAfterMs = Math.ceil(refusal.waitMs);
  return new UserError('MODEL_RATE_LIMITED', {
    scope,
    what: RATES[locale][refusal.kind],
    seconds: Math.ceil(retryAfterMs / 1000),
    retryAfterMs,
  });
}
