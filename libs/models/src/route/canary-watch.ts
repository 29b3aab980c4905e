import type { CanaryGuard } from '@midplane/contracts';
import {
  asError,
  Database,
  LOGGER,
  type Logger,
  newId,
  type RequestContext,
  runInContext,
} from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { Catalogs } from '../catalog/catalogs.js';
import type { CallRecord } from '../ledger/call-record.js';
import { Ledger } from '../ledger/ledger.js';
import { type CanarySide, readCanary } from '../ledger/ledger.repository.js';
import { RouteService } from './route.service.js';

/** A route's canary is judged at most so often in each process, in ms. */
const JUDGE_EVERY_MS = 1_000;

/** Watches canaries by what the ledger says of all processes, and rolls back one that is worse than its base. */
@Injectable()
export class CanaryWatch {
  private readonly judgedAt = new Map<string, number>();
  /** Of routes that were judged a moment ago: what was written since is looked at when the next judgement is due. */
  private readonly due = new Map<string, NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly database: Database,
    private readonly catalogs: Catalogs,
    private readonly routes: RouteService,
    ledger: Ledger,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    ledger.onWritten((records) => this.look(records));
  }

  /** Waits for the judgements that run. */
  async close(): Promise<void> {
    for (const timer of this.due.values()) clearTimeout(timer);
    await Promise.all(this.running);
  }

  /** Judges the canary of a route's serving version now. @returns whether it was rolled back by this */
  async judge(tenantId: string, userId: string, routeId: string): Promise<boolean> {
    return runInContext(contextOf(tenantId, userId), async () => {
      const { routes } = await this.catalogs.current();
      const route = [...routes.values()].find((each) => each.id === routeId);
      const plan = route?.versions.get(route.activeVersion);
      if (!route || !plan?.targets.some(({ canary }) => canary)) return false;
      const sides = await this.database.tenant((manager) =>
        readCanary(manager, routeId, route.activeVersion, route.activatedAt),
      );
      const reason = worse(sides.canary, sides.base, plan.guard);
      if (!reason) return false;
      const done = await this.routes.rollBackCanary(routeId, route.activeVersion, {
        ...reason,
        compared: sides,
      });
      if (done) this.logger.warn({ route: route.name, ...reason }, 'a canary was rolled back');
      return done;
    });
  }

  private look(records: CallRecord[]): void {
    for (const { routeId, canary, tenantId, userId } of records) {
      if (!canary || !routeId || this.due.has(routeId)) continue;
      const restMs = (this.judgedAt.get(routeId) ?? -Infinity) + JUDGE_EVERY_MS - performance.now();
      if (restMs <= 0) this.start(tenantId, userId, routeId);
      else
        this.due.set(
          routeId,
          setTimeout(() => this.start(tenantId, userId, routeId), restMs),
        );
    }
  }

  private start(tenantId: string, userId: string, routeId: string): void {
    this.due.delete(routeId);
    this.judgedAt.set(routeId, performance.now());
    const judging: Promise<void> = this.judge(tenantId, userId, routeId)
      .catch((error: unknown) => this.logger.error({ err: asError(error) }, 'a canary was not judged'))
      .then(() => void this.running.delete(judging));
    this.running.add(judging);
  }
}

/**
 * @returns by what a canary is worse than its base by more than its margin; undefined where it isn't, or where too few
 *   calls say so. Without calls of the base its errors are taken as none.
 */
export function worse(
  canary: CanarySide,
  base: CanarySide,
  guard: CanaryGuard,
): { by: 'errors' | 'time' | 'score' } | undefined {
  if (canary.calls < guard.minCalls) return undefined;
  const errorRate = ({ errors, calls }: CanarySide) => (calls === 0 ? 0 : errors / calls);
  if (errorRate(canary) > errorRate(base) + guard.errorMargin) return { by: 'errors' };
  if (base.calls < guard.minCalls) return undefined;
  if (
    canary.medianMs !== null &&
    base.medianMs !== null &&
    canary.medianMs > base.medianMs * guard.timeRatio
  ) {
    return { by: 'time' };
  }
  const scored = Math.min(canary.scored, base.scored) >= guard.minCalls;
  return scored && canary.meanScore! < base.meanScore! - guard.scoreMargin ? { by: 'score' } : undefined;
}

/** The gateway acts for itself, in the name of the user whose call showed it. */
function contextOf(tenantId: string, userId: string): RequestContext {
  return {
    principal: { tenantId, userId, groupIds: [], roles: ['administrator'] },
    traceId: newId().replaceAll('-', ''),
    locale: 'en',
    signal: new AbortController().signal,
  };
}
