import type { LimitInput, LimitView } from '@midplane/contracts';
import {
  AuditLog,
  authorize,
  currentContext,
  Database,
  invalidInput,
  newId,
  UserError,
} from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Catalogs } from '../catalog/catalogs.js';
import { readCatalog } from '../catalog/catalog.repository.js';
import { periodsAt } from './limits.js';

/** Limits and budgets of the tenant. Administrators set them. */
@Injectable()
export class LimitService {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
    private readonly catalogs: Catalogs,
  ) {}

  /** @returns the tenant's limits, with what is spent of each in the running period */
  async list(): Promise<LimitView[]> {
    authorize('read', 'Usage');
    return this.database.tenant(read);
  }

  /** Sets the limit of a subject, in the place of the one that it has. @throws UserError INVALID_INPUT, FORBIDDEN */
  async set(input: LimitInput): Promise<LimitView> {
    authorize('update', 'Model');
    const { scope, requestsPerMinute, tokensPerMinute, budgetMicros } = input;
    const subject = scope === 'tenant' ? '' : input.subject;
    if (scope !== 'tenant' && subject === '') {
      throw invalidInput('subject', {
        en: 'expected the id of the user or key, the name of the route, or *',
        zh: '请填写用户或密钥的 id、路由名称，或 *',
      });
    }
    if (requestsPerMinute === null && tokensPerMinute === null && budgetMicros === null) {
      throw invalidInput('budgetMicros', {
        en: 'expected a limit of requests, tokens or money',
        zh: '请至少设置请求数、词元数或金额中的一项限额',
      });
    }
    const { tenantId } = currentContext().principal;
    const view = await this.database.tenant(async (manager) => {
      await manager.query(
        `insert into model_limit (id, tenant_id, scope, subject, requests_per_minute, tokens_per_minute,
           budget_micros, budget_period)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (tenant_id, scope, subject) do update set requests_per_minute = excluded.requests_per_minute,
           tokens_per_minute = excluded.tokens_per_minute, budget_micros = excluded.budget_micros,
           budget_period = excluded.budget_period`,
        [
          newId(),
          tenantId,
          scope,
          subject,
          requestsPerMinute,
          tokensPerMinute,
          budgetMicros,
          input.budgetPeriod,
        ],
      );
      const set = (await read(manager)).find((limit) => limit.scope === scope && limit.subject === subject)!;
      await this.audit.append(manager, {
        action: 'model-limit.set',
        subject: set.id,
        detail: { ...input, subject },
      });
      return set;
    });
    this.catalogs.forget(tenantId);
    return view;
  }

  /** @throws UserError LIMIT_NOT_FOUND, FORBIDDEN */
  async delete(id: string): Promise<{ id: string }> {
    authorize('delete', 'Model');
    await this.database.tenant(async (manager) => {
      const [, count] = (await manager.query('delete from model_limit where id = $1', [id])) as [
        unknown,
        number,
      ];
      if (count === 0) throw new UserError('LIMIT_NOT_FOUND', { id });
      await this.audit.append(manager, { action: 'model-limit.delete', subject: id });
    });
    this.catalogs.forget(currentContext().principal.tenantId);
    return { id };
  }
}

async function read(manager: EntityManager): Promise<LimitView[]> {
  const { limits } = await readCatalog(manager);
  const spent = await manager.query<{ limit_id: string; period: string; micros: string }[]>(
    'select limit_id, period, sum(spent_micros) as micros from model_limit_state group by 1, 2',
  );
  const periods = periodsAt(new Date());
  return limits.map((limit) => {
    const period = periods[limit.budgetPeriod];
    const row = spent.find((each) => each.limit_id === limit.id && each.period === period);
    return { ...limit, spentMicros: Number(row?.micros ?? 0) };
  });
}
