import type { UsageGroup, UsageRow } from '@midplane/contracts';
import { authorize, currentContext, Database, invalidInput } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { CanaryWatch } from '../route/canary-watch.js';
import { Ledger } from './ledger.js';
import { readUsage, scoreCall } from './ledger.repository.js';

/** Reads the ledger. */
@Injectable()
export class UsageService {
  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly canaries: CanaryWatch,
  ) {}

  /** @throws UserError INVALID_INPUT, FORBIDDEN */
  async usage(from: Date, to: Date, groupBy: UsageGroup): Promise<UsageRow[]> {
    authorize('read', 'Usage');
    if (to <= from) {
      throw invalidInput('to', { en: 'expected a time after from', zh: '应晚于 from' });
    }
    return this.database.tenant((manager) => readUsage(manager, from, to, groupBy));
  }

  /** Notes how good an answer was, 0 to 1. @returns whether there is such a call */
  async score(callId: string, score: number): Promise<{ found: boolean }> {
    authorize('ask', 'Model');
    // The row of an answer that has just been read may still wait to be written.
    await this.ledger.flush();
    const { tenantId, userId } = currentContext().principal;
    const routeId = await this.database.tenant((manager) => scoreCall(manager, callId, score));
    if (routeId) await this.canaries.judge(tenantId, userId, routeId);
    return { found: routeId !== undefined };
  }
}
