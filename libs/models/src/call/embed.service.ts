import { authorize, currentContext, newId, ServiceRegistry } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { Catalogs } from '../catalog/catalogs.js';
import type { CallRecord } from '../ledger/call-record.js';
import { Ledger } from '../ledger/ledger.js';
import { Limits } from '../limit/limits.js';
import { countCall } from '../models.metrics.js';
import { estimateTokens } from '../provider/tokens.js';
import { outcomeOf } from './chat-call.js';
import { CallClock } from './clock.js';

interface EmbedInput {
  model?: string | undefined;
  texts: string[];
  role: 'query' | 'passage';
}

interface Embedded {
  model: string;
  version: string;
  vectors: string[];
  promptTokens: number;
  upstreamMs: number;
}

/** Has the inference service embed texts for applications, within limits, written down. */
@Injectable()
export class EmbedService {
  constructor(
    private readonly services: ServiceRegistry,
    private readonly catalogs: Catalogs,
    private readonly limits: Limits,
    private readonly ledger: Ledger,
  ) {}

  /** @throws UserError MODEL_NOT_FOUND, MODEL_UNAVAILABLE, MODEL_RATE_LIMITED, MODEL_BUDGET_SPENT, FORBIDDEN */
  async embed({ model, texts, role }: EmbedInput): Promise<Embedded> {
    authorize('ask', 'Model');
    const clock = new CallClock();
    const id = newId();
    const estimate = texts.reduce((sum, text) => sum + estimateTokens(text), 0);
    const needs = { tokens: estimate, micros: 0 };
    const admitted = await this.limits.admit(await this.catalogs.current(), id, null, needs);
    let outcome = 'cancelled';
    let used: { name: string; revision: string } | undefined;
    let promptTokens = 0;
    try {
      const inference = this.services.client('inference');
      const [embedded, counted] = await clock.upstream(
        Promise.all([
          inference.embed({ model, role, urgency: 'interactive', texts }),
          inference.countTokens({ model, texts }),
        ]),
      );
      used = embedded.model;
      promptTokens = counted.counts.reduce((sum, count) => sum + count, 0);
      outcome = 'ok';
      const { vectors } = embedded;
      return {
        model: used.name,
        version: used.revision,
        vectors,
        promptTokens,
        upstreamMs: clock.upstreamMs,
      };
    } catch (error) {
      if (!currentContext().signal.aborted) outcome = outcomeOf(error);
      throw error;
    } finally {
      const settlement = admitted && { ...admitted, tokens: promptTokens, micros: 0 };
      if (settlement) await this.limits.settle(settlement);
      const record = recordOf(id, model, used, outcome, promptTokens, clock);
      this.ledger.add(record, settlement);
      countCall(record);
    }
  }
}

function recordOf(
  id: string,
  askedFor: string | undefined,
  used: { name: string; revision: string } | undefined,
  outcome: string,
  promptTokens: number,
  clock: CallClock,
): CallRecord {
  const { principal, traceId } = currentContext();
  return {
    id,
    tenantId: principal.tenantId,
    at: new Date(),
    userId: principal.userId,
    apiKeyId: principal.apiKeyId ?? null,
    traceId,
    kind: 'EMBEDDING',
    askedFor: askedFor ?? '',
    routeId: null,
    route: null,
    routeVersion: null,
    firstDeploymentId: null,
    firstAnswered: outcome === 'ok',
    canary: false,
    shadowOf: null,
    deploymentId: null,
    model: used?.name ?? null,
    modelVersion: used?.revision ?? null,
    provider: 'inference',
    outcome,
    cache: 'off',
    promptTokens,
    completionTokens: 0,
    usageEstimated: false,
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
