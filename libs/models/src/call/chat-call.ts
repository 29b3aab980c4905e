import { setTimeout as sleep } from 'node:timers/promises';
import type { Answering, ChatEvent, ChatRequest, ChatResult, ChatUsage } from '@midplane/contracts';
import { asError, backoffMs, estimateTokens, type RequestContext, UserError } from '@midplane/kernel';
import type { Deployment } from '../catalog/catalog.js';
import { callerOf, type CallRecord } from '../ledger/call-record.js';
import { beginAttempt } from '../models.metrics.js';
import type { Providers } from '../provider/providers.js';
import { asUpstreamFailure, UpstreamFailure } from '../provider/upstream-failure.js';
import type { PlannedCall } from '../route/planned-call.js';
import { AnswerDraft } from './answer-draft.js';
import { Attempt, type Piece } from './attempt.js';
import { CallClock } from './clock.js';
import { costMicros } from './cost.js';
import type { DeploymentStates } from './deployment-states.js';

/** Attempts at one deployment: fewer where another one waits. */
const ATTEMPTS = 3;
const ATTEMPTS_BEFORE_NEXT = 2;
/** A longer wait is not worth it to somebody who waits for an answer; where another deployment waits, even less. */
const LONGEST_WAIT_MS = 5_000;
const LONGEST_WAIT_BEFORE_NEXT_MS = 500;
const FIRST_WAIT_MS = 200;

export interface ChatCallInput {
  id: string;
  request: ChatRequest;
  plan: PlannedCall;
  /** Estimate of the prompt. */
  promptTokens: number;
  context: RequestContext;
  signal: AbortSignal;
  providers: Providers;
  states: DeploymentStates;
  clock?: CallClock;
  shadowOf?: string;
}

/** Longest answer that is asked of a deployment. */
export function maxTokensFor(request: ChatRequest, { maxOutputTokens }: Deployment): number {
  return Math.min(request.maxTokens ?? maxOutputTokens, maxOutputTokens);
}

/**
 * One call of a chat model, from target to target until one has answered whole. Before anything was sent on, what may
 * pass is tried again, with jitter and as Retry-After asks. After that, an answer that dies ends with its problem, or
 * is begun anew where the caller takes that.
 */
export class ChatCall {
  readonly clock: CallClock;
  private draft = new AnswerDraft();
  private deployment: Deployment | undefined;
  private last: Attempt | undefined;
  /** The attempt whose answer the reader has seen begin. */
  private began: Attempt | undefined;
  /** Of the last attempt; without one, of a deployment that rests. */
  private failure: UpstreamFailure | undefined;
  /** In the plan's order, and how often this one was tried. */
  private position = -1;
  private tries = 0;
  private attempts = 0;
  private restarts = 0;
  private firstTokenMs: number | null = null;
  private costMicros = 0;
  private usage: ChatUsage = { promptTokens: 0, completionTokens: 0, costMicros: 0, estimated: true };
  private outcome = 'cancelled';

  constructor(private readonly input: ChatCallInput) {
    this.clock = input.clock ?? new CallClock();
  }

  /**
   * Gives the call's events, as many at once as came at once, `done` last.
   * @throws UserError MODEL_UNAVAILABLE, INVALID_INPUT where the model refuses the request; the signal's reason
   */
  async *events(): AsyncGenerator<ChatEvent[], void> {
    try {
      for (let ended = false; !ended;) {
        const deployment = await this.target();
        const attempt = this.begin(deployment);
        const leave = this.enter(attempt, deployment);
        try {
          for (let pieces = await attempt.next(); pieces; pieces = await attempt.next()) {
            const events = this.eventsOf(pieces, attempt);
            const resume = this.clock.reader();
            yield events;
            resume();
          }
          ended = true;
          // An answer of nothing has begun and ended all the same.
          if (!attempt.started) yield [this.answers(attempt)];
        } catch (thrown) {
          this.fail(thrown, attempt, deployment);
        } finally {
          await leave(ended);
        }
      }
      this.outcome = 'ok';
      yield [{ type: 'done', result: this.result() }];
    } catch (error) {
      if (!this.input.signal.aborted) this.outcome = outcomeOf(error);
      throw error;
    }
  }

  /** @returns whom to ask: the same once more, after a wait, or the next one. @throws UserError where nobody is left */
  private async target(): Promise<Deployment> {
    const { plan, states } = this.input;
    const { failure, deployment } = this;
    if (failure && deployment && (await this.waitFor(failure))) return deployment;
    this.tries = 0;
    while (++this.position < plan.order.length) {
      const next = plan.order[this.position]!;
      const restMs = states.breaker(next.id).admit();
      if (restMs <= 0) return next;
      this.failure ??= new UpstreamFailure('resting', { number: Math.ceil(restMs / 1000) });
    }
    throw this.problem(this.failure!, deployment);
  }

  /** Waits for another attempt at the same deployment. @returns false, without waiting, where none is worth it */
  private async waitFor({ retryable, reason, retryAfterMs }: UpstreamFailure): Promise<boolean> {
    const isLast = this.position === this.input.plan.order.length - 1;
    const waitMs = retryAfterMs ?? backoffMs(this.tries, FIRST_WAIT_MS);
    const most = isLast ? ATTEMPTS : ATTEMPTS_BEFORE_NEXT;
    const longest = isLast ? LONGEST_WAIT_MS : LONGEST_WAIT_BEFORE_NEXT_MS;
    // What died in the middle may go well the next time, where it may be begun anew at all.
    const died = this.last!.started && (reason === 'interrupted' || reason === 'garbled');
    if (!(retryable || died) || this.tries >= most || waitMs > longest) return false;
    await this.clock.during(sleep(waitMs, undefined, { signal: this.input.signal }));
    return true;
  }

  private begin(deployment: Deployment): Attempt {
    const { request, providers, signal } = this.input;
    const provider = providers.of(deployment.provider.kind);
    const maxTokens = maxTokensFor(request, deployment);
    const attempt = new Attempt({ request, deployment, provider, maxTokens, signal, clock: this.clock });
    this.deployment = deployment;
    this.last = attempt;
    this.attempts++;
    this.tries++;
    this.draft = new AnswerDraft();
    return attempt;
  }

  /** Counts an attempt in. @returns leaves it and counts it out, with whether it has ended whole */
  private enter(attempt: Attempt, deployment: Deployment): (whole: boolean) => Promise<void> {
    const { states } = this.input;
    const leave = states.enter(deployment.id);
    const ended = beginAttempt(deployment.name);
    const before = this.failure;
    return async (whole) => {
      await attempt.leave();
      leave();
      if (whole) states.breaker(deployment.id).succeeded();
      // Without a failure of its own it was the reader who left.
      ended(whole ? 'ok' : this.failure === before ? 'left' : this.failure!.reason);
      this.count(attempt, deployment);
    };
  }

  /** Notes why an attempt failed. @throws UserError where no other one may follow; the signal's reason */
  private fail(thrown: unknown, attempt: Attempt, deployment: Deployment): void {
    const { signal, states, request } = this.input;
    signal.throwIfAborted();
    this.failure = asUpstreamFailure(thrown, attempt.started);
    if (this.failure.isFault) states.breaker(deployment.id).failed();
    if (this.began && request.onInterruption === 'fail') throw this.problem(this.failure, deployment);
  }

  /** @returns what the reader gets: before the first piece, who answers */
  private eventsOf(pieces: Piece[], attempt: Attempt): ChatEvent[] {
    for (const piece of pieces) this.draft.add(piece);
    return this.began === attempt ? pieces : [this.answers(attempt), ...pieces];
  }

  /** Says who answers. */
  private answers(attempt: Attempt): ChatEvent {
    const again = this.began !== undefined;
    this.began = attempt;
    this.firstTokenMs ??= this.clock.totalMs;
    const answering = this.answering(attempt);
    if (!again) return { type: 'started', upstreamMs: this.clock.upstreamMs, ...answering };
    this.restarts++;
    return { type: 'restarted', reason: this.failure?.explain() ?? '', ...answering };
  }

  /** Adds up what an attempt took: also one that died or was left was paid for, as far as it came. */
  private count(attempt: Attempt, deployment: Deployment): void {
    const { promptTokens, completionTokens } = attempt;
    const estimated = promptTokens === undefined || completionTokens === undefined;
    const tooLittle = !attempt.started && !attempt.finish && estimated;
    if (tooLittle) return;
    const usage = {
      promptTokens: promptTokens ?? this.input.promptTokens,
      completionTokens:
        completionTokens ??
        estimateTokens(this.draft.text + this.draft.reasoning) +
          this.draft.toolCalls.reduce((sum, call) => sum + estimateTokens(call.name + call.arguments), 0),
    };
    const cost = costMicros(deployment, usage.promptTokens, usage.completionTokens);
    this.costMicros += cost;
    this.usage = { ...usage, costMicros: cost, estimated };
  }

  private answering({ version }: Attempt): Answering {
    const { id, plan } = this.input;
    const { name, provider } = this.deployment!;
    return {
      callId: id,
      model: name,
      version,
      provider: provider.name,
      route: plan.route?.name ?? null,
      routeVersion: plan.version,
      canary: plan.canary && this.deployment === plan.order[0],
    };
  }

  private result(): ChatResult {
    const attempt = this.last!;
    return {
      ...this.answering(attempt),
      text: this.draft.text,
      reasoning: this.draft.reasoning,
      toolCalls: this.draft.toolCalls,
      finish: attempt.finish!,
      usage: { ...this.usage, costMicros: this.costMicros },
      cache: 'off',
      retries: this.attempts - 1,
      upstreamMs: this.clock.upstreamMs,
    };
  }

  private problem(failure: UpstreamFailure, deployment: Deployment | undefined): UserError {
    const { plan } = this.input;
    const model = deployment?.name ?? plan.order[0]!.name;
    if (failure.reason === 'refused') {
      return new UserError(
        'INVALID_INPUT',
        { field: 'messages', detail: failure.explain() },
        { cause: failure },
      );
    }
    return failure.toProblem(model);
  }

  /** @returns the call's row of the ledger; to be asked for when it has ended */
  record(): CallRecord {
    const { id, request, plan, context, shadowOf } = this.input;
    const [first] = plan.order;
    return {
      id,
      ...callerOf(context),
      kind: 'CHAT',
      askedFor: request.model ?? '',
      routeId: plan.route?.id ?? null,
      route: plan.route?.name ?? null,
      routeVersion: plan.version,
      firstDeploymentId: first?.id ?? null,
      firstAnswered: this.outcome === 'ok' && this.deployment === first,
      canary: plan.canary,
      shadowOf: shadowOf ?? null,
      deploymentId: this.deployment?.id ?? null,
      model: this.deployment?.name ?? null,
      modelVersion: this.last?.version ?? null,
      provider: this.deployment?.provider.name ?? null,
      outcome: this.outcome,
      cache: 'off',
      promptTokens: this.usage.promptTokens,
      completionTokens: this.usage.completionTokens,
      usageEstimated: this.usage.estimated,
      costMicros: this.costMicros,
      firstTokenMs: this.firstTokenMs,
      totalMs: this.clock.totalMs,
      overheadMs: this.clock.overheadMs,
      attempts: this.attempts,
      restarts: this.restarts,
      agentId: request.agentId ?? null,
      knowledgeBaseIds: request.knowledgeBaseIds,
    };
  }
}

/** @returns the problem's code, with the reason of the upstream's failure */
export function outcomeOf(error: unknown): string {
  if (!(error instanceof UserError)) return `FAULT ${asError(error).name}`;
  return error.cause instanceof UpstreamFailure ? `${error.code} ${error.cause.reason}` : error.code;
}
