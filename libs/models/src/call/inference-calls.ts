import { authorize, currentContext, newId } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { Catalogs } from '../catalog/catalogs.js';
import { callerOf, type CallRecord } from '../ledger/call-record.js';
import { Ledger } from '../ledger/ledger.js';
import { Limits } from '../limit/limits.js';
import { countCall } from '../models.metrics.js';
import { outcomeOf } from './chat-call.js';
import { CallClock } from './clock.js';

/** A call of the inference service that an application makes. */
export interface InferenceCall {
  kind: Exclude<CallRecord['kind'], 'CHAT'>;
  /** As the application named the model; undefined: it left that to us. */
  askedFor: string | undefined;
  /** Tokens that it may need at most, as far as that is known before. */
  tokens: number;
}

/** What a call used, for the ledger and the limits. */
export interface Used {
  model: string;
  revision: string;
  promptTokens: number;
  completionTokens: number;
  /** Whether the tokens were counted here and not by the model. */
  usageEstimated: boolean;
}

/** Lets applications call the inference service: within limits, written down. */
@Injectable()
export class InferenceCalls {
  constructor(
    private readonly catalogs: Catalogs,
    private readonly limits: Limits,
    private readonly ledger: Ledger,
  ) {}

  /**
   * @param work does it, waiting for others by the clock
   * @returns what it found, and how long was waited for others, in ms
   * @throws UserError MODEL_RATE_LIMITED, MODEL_BUDGET_SPENT, FORBIDDEN, and what the work throws
   */
  async run<T>(
    call: InferenceCall,
    work: (clock: CallClock) => Promise<{ used: Used; found: T }>,
  ): Promise<T & { upstreamMs: number }> {
    authorize('ask', 'Model');
    const clock = new CallClock();
    const id = newId();
    const needs = { tokens: call.tokens, micros: 0 };
    const admitted = await this.limits.admit(await this.catalogs.current(), id, null, needs);
    let outcome = 'cancelled';
    let used: Used | undefined;
    try {
      const done = await work(clock);
      used = done.used;
      outcome = 'ok';
      return { ...done.found, upstreamMs: clock.upstreamMs };
    } catch (error) {
      if (!currentContext().signal.aborted) outcome = outcomeOf(error);
      throw error;
    } finally {
      const tokens = (used?.promptTokens ?? 0) + (used?.completionTokens ?? 0);
      const settlement = admitted && { ...admitted, tokens, micros: 0 };
      if (settlement) this.limits.settle(settlement);
      const record = recordOf(id, call, used, outcome, clock);
      this.ledger.add(record, settlement);
      countCall(record);
    }
  }
}

function recordOf(
  id: string,
  { kind, askedFor }: InferenceCall,
  used: Used | undefined,
  outcome: string,
  clock: CallClock,
): CallRecord {
  return {
    id,
    ...callerOf(currentContext()),
    kind,
    askedFor: askedFor ?? '',
    routeId: null,
    route: null,
    routeVersion: null,
    firstDeploymentId: null,
    firstAnswered: outcome === 'ok',
    canary: false,
    shadowOf: null,
    deploymentId: null,
    model: used?.model ?? null,
    modelVersion: used?.revision ?? null,
    provider: 'inference',
    outcome,
    cache: 'off',
    promptTokens: used?.promptTokens ?? 0,
    completionTokens: used?.completionTokens ?? 0,
    usageEstimated: used?.usageEstimated ?? false,
    costMicros: 0,
    firstTokenMs: null,
    totalMs: clock.totalMs,
    overheadMs: clock.overheadMs,
    attempts: 1,
    restarts: 0,
    agentId: null,
    knowledgeBaseIds: [],
  };
}
