import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import type { FastifyInstance } from 'fastify';
import { type ExecutionResult, GraphQLError, OperationTypeNode, subscribe } from 'graphql';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  asError,
  AuthService,
  iterateInContext,
  LOGGER,
  type Logger,
  runInContext,
  UserError,
} from '@midplane/kernel';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway.config.js';
import { faultError, presentErrors, problemError } from '../problem/present-errors.js';
import { RATE_LIMITER, type RateLimiter } from '../rate-limit/rate-limiter.port.js';
import { localeOf } from './locale.js';
import { type Caller, limitKeyOf, type OperationContext } from './operation-context.js';
import {
  DocumentError,
  type OperationParams,
  OperationPreparer,
  type PreparedOperation,
} from './prepared-operation.js';
import { OpenStreams } from './open-streams.js';
import { untilAborted } from './until-aborted.js';

/** How long calls have to end by themselves where the gateway stops, and how often is looked. */
const GRACE_MS = 5_000;
const LOOK_MS = 50;

/** An operation of a caller, ready to run. */
export interface Operation {
  caller: Caller;
  prepared: PreparedOperation;
  variables: Record<string, unknown>;
}

/** What an operation gave, with what the door may tell besides. */
export interface Outcome {
  result: ExecutionResult;
  /** Answers of a model or the built-in answerer that the result holds. */
  answerIds: string[];
  /** How long the caller is to wait, where a rate limit stopped it. */
  retryAfterMs?: number;
}

/**
 * Runs operations for all three doors (HTTP, WebSocket, server-sent events): the same authentication, limits,
 * context and way of failing, whichever a client comes through.
 */
@Injectable()
export class OperationService implements OnModuleInit, OnModuleDestroy {
  private preparer!: OperationPreparer;
  private readonly subscriptions = new Set<OperationScope>();
  private readonly calls = new Set<OperationScope>();
  private readonly streams: OpenStreams;

  constructor(
    private readonly schemaHost: GraphQLSchemaHost,
    private readonly adapter: HttpAdapterHost,
    private readonly auth: AuthService,
    @Inject(RATE_LIMITER) private readonly limiter: RateLimiter,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.streams = new OpenStreams(config.MAX_STREAMS_PER_KEY);
  }

  /** The schema is there once its module has started, which is before this one. */
  onModuleInit(): void {
    this.preparer = new OperationPreparer(this.schemaHost.schema, this.config);
  }

  /**
   * Ends the subscriptions, lets calls end by themselves for a while, and ends the others: the HTTP server closes only
   * when their connections have.
   */
  async onModuleDestroy(): Promise<void> {
    for (const scope of this.subscriptions) scope.abort();
    for (let waited = 0; this.calls.size > 0 && waited < GRACE_MS; waited += LOOK_MS) await sleep(LOOK_MS);
    const stopping = new UserError('SERVICE_UNAVAILABLE', { service: 'gateway' });
    for (const scope of this.calls) scope.abort(stopping);
  }

  /**
   * @param traceId of the request
   * @param authorization where it is not in the headers: a browser can't set them on a WebSocket
   * @throws UserError UNAUTHENTICATED
   */
  async identify(
    headers: IncomingHttpHeaders,
    traceId: string,
    authorization = headers.authorization,
  ): Promise<Caller> {
    const { principal, requestsPerMinute } = await this.auth.authenticate(authorization);
    return {
      principal,
      requestsPerMinute: requestsPerMinute ?? this.config.RATE_LIMIT_PER_MINUTE,
      traceId,
      locale: localeOf(headers['accept-language']),
    };
  }

  /** @returns the operation, or why it is none */
  prepare(caller: Caller, params: OperationParams): Operation | readonly GraphQLError[] {
    try {
      return { caller, prepared: this.preparer.prepare(params), variables: params.variables ?? {} };
    } catch (error) {
      return this.requestErrors(error, caller);
    }
  }

  /**
   * Runs a query or a mutation.
   * @param gone aborts when the client goes away
   * @param timeoutMs how long it may take; default: REQUEST_TIMEOUT_MS
   */
  async execute(
    { caller, prepared, variables }: Operation,
    gone: AbortSignal,
    timeoutMs = this.config.REQUEST_TIMEOUT_MS,
  ): Promise<Outcome> {
    const scope = new OperationScope(caller, gone, timeoutMs);
    const { context } = scope;
    try {
      context.refusal = await this.rateLimit(caller);
      const result = await runInContext(context.request, () =>
        this.fastify.graphql(prepared.source, { ...context }, variables),
      );
      return {
        result: presentErrors(result as ExecutionResult, context, this.logger),
        answerIds: context.answerIds,
        retryAfterMs: context.refusal?.problem.params.retryAfterMs as number | undefined,
      };
    } catch (error) {
      return {
        result: { errors: this.requestErrors(error, caller) },
        answerIds: [],
      };
    } finally {
      scope.end();
    }
  }

  /** Begins a subscription. The stream ends when the source does, its time is over, or it is returned. */
  async subscribe(operation: Operation): Promise<AsyncGenerator<ExecutionResult, void> | ExecutionResult> {
    const { caller, prepared, variables } = operation;
    const scope = new OperationScope(caller, undefined, this.config.STREAM_TIMEOUT_MS);
    const { context } = scope;
    const release = this.streams.open(limitKeyOf(caller.principal));
    this.subscriptions.add(scope);
    const end = () => {
      this.subscriptions.delete(scope);
      scope.end();
      release?.();
    };
    try {
      context.refusal = release
        ? await this.rateLimit(caller)
        : new UserError('STREAMS_LIMITED', { limit: this.config.MAX_STREAMS_PER_KEY });
      const source = await runInContext(context.request, async () =>
        subscribe({
          schema: this.schemaHost.schema,
          document: prepared.document,
          contextValue: context,
          variableValues: variables,
        }),
      );
      if (!(Symbol.asyncIterator in source)) {
        end();
        return presentErrors(source, context, this.logger);
      }
      return this.stream(source, scope, end);
    } catch (error) {
      end();
      return { errors: this.requestErrors(error, caller) };
    }
  }

  /**
   * Runs whatever the operation is, for the doors that take all of them.
   * @param gone aborts when the client goes away; a stream is returned besides
   */
  async run(
    operation: Operation,
    gone: AbortSignal,
  ): Promise<AsyncGenerator<ExecutionResult, void> | ExecutionResult> {
    if (operation.prepared.type === OperationTypeNode.SUBSCRIPTION) return this.subscribe(operation);
    return (await this.execute(operation, gone)).result;
  }

  /**
   * Does what is no GraphQL operation, with the same limits, context and end.
   * @param gone aborts when the client goes away
   * @throws UserError RATE_LIMITED, DEADLINE_EXCEEDED; what `work` throws
   */
  async runCall<T>(caller: Caller, gone: AbortSignal, work: () => Promise<T>): Promise<T> {
    const scope = new OperationScope(caller, gone, this.config.STREAM_TIMEOUT_MS);
    this.calls.add(scope);
    try {
      const refusal = await this.rateLimit(caller);
      if (refusal) throw refusal;
      return await runInContext(scope.context.request, work);
    } catch (error) {
      const { reason } = scope.context.request.signal;
      throw reason instanceof UserError ? reason : error;
    } finally {
      this.calls.delete(scope);
      scope.end();
    }
  }

  private stream(
    source: AsyncGenerator<ExecutionResult, void>,
    scope: OperationScope,
    end: () => void,
  ): AsyncGenerator<ExecutionResult, void> {
    const { context } = scope;
    const bound = iterateInContext(context.request, () => this.presented(source, scope));
    const close = async () => {
      // First the signal: a generator that waits for its source can't be ended otherwise.
      scope.abort();
      await bound.return(undefined);
      end();
      return { done: true as const, value: undefined };
    };
    const stream: AsyncGenerator<ExecutionResult, void> = {
      next: async () => {
        const item = await bound.next();
        if (item.done) end();
        return item;
      },
      return: close,
      throw: close,
      [Symbol.asyncIterator]: () => stream,
      [Symbol.asyncDispose]: async () => void (await close()),
    };
    return stream;
  }

  private async *presented(
    source: AsyncGenerator<ExecutionResult, void>,
    { context }: OperationScope,
  ): AsyncGenerator<ExecutionResult, void> {
    try {
      for await (const result of untilAborted(source, context.request.signal)) {
        yield presentErrors(result, context, this.logger);
      }
    } catch (error) {
      if (context.request.signal.aborted && !(error instanceof UserError)) return;
      const { traceId, locale } = context.request;
      const shown =
        error instanceof UserError
          ? problemError(error, locale)
          : faultError(error, traceId, locale, this.logger);
      yield { errors: [shown] };
    }
  }

  private async rateLimit({ principal, requestsPerMinute }: Caller): Promise<UserError | undefined> {
    const waitMs = await this.limiter.take(limitKeyOf(principal), requestsPerMinute);
    return waitMs > 0
      ? new UserError('RATE_LIMITED', { seconds: Math.ceil(waitMs / 1000), retryAfterMs: Math.ceil(waitMs) })
      : undefined;
  }

  /** Errors of a request that was not executed. */
  private requestErrors(error: unknown, { traceId, locale }: Caller): readonly GraphQLError[] {
    if (error instanceof DocumentError) return error.errors;
    if (error instanceof UserError) return [problemError(error, locale)];
    // Mercurius throws the errors of variables that way.
    const { errors } = asError(error) as { errors?: unknown };
    if (Array.isArray(errors) && errors.every((each) => each instanceof GraphQLError)) return errors;
    return [faultError(error, traceId, locale, this.logger)];
  }

  private get fastify(): FastifyInstance {
    return this.adapter.httpAdapter.getInstance<FastifyInstance>();
  }
}

/** The context of one operation with what ends it: the client going away, or its time. */
class OperationScope {
  readonly context: OperationContext;
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  /** Bound, as that of a `LinkedAbort`. */
  private readonly onGone = this.abort.bind(this, undefined);

  constructor(
    caller: Caller,
    private readonly gone: AbortSignal | undefined,
    timeoutMs: number,
  ) {
    this.timer = setTimeout(() => this.controller.abort(new UserError('DEADLINE_EXCEEDED')), timeoutMs);
    if (gone?.aborted) this.onGone();
    gone?.addEventListener('abort', this.onGone, { once: true });
    const { principal, traceId, locale } = caller;
    this.context = {
      request: {
        principal,
        traceId,
        locale,
        deadline: Date.now() + timeoutMs,
        signal: this.controller.signal,
      },
      answerIds: [],
    };
  }

  /** Cancels what still runs. */
  abort(reason?: UserError): void {
    this.controller.abort(reason);
  }

  /** Lets go of timer and listener. */
  end(): void {
    clearTimeout(this.timer);
    this.gone?.removeEventListener('abort', this.onGone);
  }
}
