import { type ChatEvent, type ChatRequest, type ChatResult, type ResolvedModel } from '@midplane/contracts';
import { authorize, cancellable, currentContext, newId } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { type Catalog, type Deployment } from '../catalog/catalog.js';
import { AnswerCache, type CacheHit } from '../cache/answer-cache.js';
import { Catalogs } from '../catalog/catalogs.js';
import type { CallRecord } from '../ledger/call-record.js';
import { Ledger } from '../ledger/ledger.js';
import type { Settlement } from '../limit/limit-store.port.js';
import { Limits } from '../limit/limits.js';
import { countCall } from '../models.metrics.js';
import { Providers } from '../provider/providers.js';
import { estimatePrompt } from '../provider/tokens.js';
import { findAsked, planCall, type PlannedCall } from '../route/planned-call.js';
import { CallClock } from './clock.js';
import { ChatCall, maxTokensFor, outcomeOf } from './chat-call.js';
import { costMicros, exactCost } from './cost.js';
import { DeploymentStates } from './deployment-states.js';
import { Shadows } from './shadows.js';

/** Calls chat models: by route, within limits, written down. */
@Injectable()
export class ChatService {
  constructor(
    private readonly catalogs: Catalogs,
    private readonly providers: Providers,
    private readonly states: DeploymentStates,
    private readonly limits: Limits,
    private readonly ledger: Ledger,
    private readonly shadows: Shadows,
    private readonly cache: AnswerCache,
  ) {}

  /**
   * @returns the answer's events, as they come; who stops reading cancels the model
   * @throws UserError as the contract says
   */
  chat(request: ChatRequest): AsyncGenerator<ChatEvent, void> {
    return cancellable((signal) => this.run(request, signal));
  }

  /** @returns the whole answer; what dies in the middle is begun anew, and nobody sees it */
  async complete(request: ChatRequest): Promise<ChatResult> {
    let result: ChatResult | undefined;
    for await (const event of this.chat({ ...request, onInterruption: 'restart' })) {
      if (event.type === 'done') result = event.result;
    }
    if (!result) throw new Error('A stream of an answer ended without its end.');
    return result;
  }

  /** @returns what a name stands for; null where nothing was named and there is no default route */
  async resolve(model: string | undefined): Promise<ResolvedModel | null> {
    authorize('ask', 'Model');
    const catalog = await this.catalogs.current();
    const asked = findAsked(catalog, model, currentContext().principal.userId);
    if (!asked) return null;
    const serving = asked.plan.targets.flatMap(({ modelId, shadow }) =>
      shadow ? [] : (catalog.deployments.get(modelId) ?? []),
    );
    return {
      // The one model of the default route is known by its own name.
      name: model ?? (serving.length === 1 ? serving[0]!.name : asked.name),
      contextTokens: Math.min(...serving.map((each) => each.contextTokens)),
      maxOutputTokens: Math.min(...serving.map((each) => each.maxOutputTokens)),
      strict: asked.plan.strict,
    };
  }

  private async *run(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent, void> {
    authorize('ask', 'Model');
    const clock = new CallClock();
    const context = currentContext();
    const id = newId();
    const catalog = await this.catalogs.current();
    const promptTokens = estimatePrompt(request);
    const plan = this.plan(catalog, request, promptTokens);
    const needs = needsOf(plan, request, promptTokens);
    const { providers, states } = this;
    const call = new ChatCall({ id, request, plan, promptTokens, context, signal, providers, states, clock });
    const admitted = await this.limits
      .admit(catalog, id, plan.route?.name ?? null, needs)
      .catch((error: unknown) => {
        // Who was refused, and how often, is asked for as well.
        this.writeDown({ ...call.record(), outcome: outcomeOf(error) });
        throw error;
      });
    const place = this.cache.place(plan, request);
    let settled: Partial<CallRecord> = place ? { cache: 'miss' } : {};
    try {
      const hit = place && (await this.cache.find(place));
      if (hit) {
        settled = recordOfHit(hit);
        yield* eventsOfHit(hit, id);
        return;
      }
      if (plan.shadow) this.shadows.copy({ id, request, plan, promptTokens, context }, plan.shadow);
      for await (const events of call.events()) {
        for (const event of events) {
          if (!place || event.type !== 'done') yield event;
          else {
            const result: ChatResult = { ...event.result, cache: 'miss' };
            await this.cache.keep(place, result);
            yield { type: 'done', result };
          }
        }
      }
    } finally {
      const record = { ...call.record(), ...settled };
      const used = { tokens: record.promptTokens + record.completionTokens, micros: record.costMicros };
      const settlement = admitted && { ...admitted, ...used };
      if (settlement) this.limits.settle(settlement);
      this.writeDown(record, settlement);
    }
  }

  private writeDown(record: CallRecord, settlement?: Settlement): void {
    this.ledger.add(record, settlement);
    countCall(record);
  }

  private plan(catalog: Catalog, request: ChatRequest, promptTokens: number): PlannedCall {
    return planCall(catalog, request, currentContext().principal, this.providers, {
      inFlight: (deploymentId) => this.states.inFlight(deploymentId),
      costOf: (deployment) => exactCost(deployment, promptTokens, maxTokensFor(request, deployment)),
      random: Math.random,
    });
  }
}

/** What a call takes at most, whichever of its targets answers. */
function needsOf(
  plan: PlannedCall,
  request: ChatRequest,
  promptTokens: number,
): { tokens: number; micros: number } {
  const most = (of: (deployment: Deployment) => number) => Math.max(...plan.order.map(of));
  return {
    tokens: promptTokens + most((deployment) => maxTokensFor(request, deployment)),
    micros: most((deployment) => costMicros(deployment, promptTokens, maxTokensFor(request, deployment))),
  };
}

/** An answer of the cache, as a stream: who answers, all of it, the end. It costs nothing. */
function* eventsOfHit({ kind, result: kept }: CacheHit, callId: string): Generator<ChatEvent> {
  const usage = { ...kept.usage, costMicros: 0 };
  const result: ChatResult = { ...kept, callId, usage, cache: kind, retries: 0, upstreamMs: 0 };
  const { model, version, provider, route, routeVersion, canary } = result;
  yield { type: 'started', upstreamMs: 0, callId, model, version, provider, route, routeVersion, canary };
  if (result.reasoning) yield { type: 'reasoning', text: result.reasoning };
  if (result.text) yield { type: 'text', text: result.text };
  for (const [index, call] of result.toolCalls.entries()) yield { type: 'toolCall', index, ...call };
  yield { type: 'done', result };
}

/** What the ledger says of it: nobody was asked, nothing was taken. */
function recordOfHit({ kind, result }: CacheHit): Partial<CallRecord> {
  const { model, version: modelVersion, provider } = result;
  return { outcome: 'ok', cache: kind, model, modelVersion, provider, usageEstimated: false };
}
