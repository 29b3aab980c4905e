import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { OperationTypeNode } from 'graphql';
import { UserError } from '@midplane/kernel';
import { aigcMetadata } from '../answer/aigc-metadata.js';
import type { GatewayConfig } from '../gateway.config.js';
import type { Caller } from '../operation/operation-context.js';
import type { OperationService } from '../operation/operation.service.js';
import type { OperationParams } from '../operation/prepared-operation.js';
import { prefersHtml, responseType } from './media-type.js';
import { sendErrors, sendProblem, sendResult } from './reply.js';
import { bodyParams, queryParams } from './request-params.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on the routes of GraphQL before a body is read. */
    caller?: Caller;
  }
}

/** @returns a hook that tells who calls before the body is read, and answers 401 to nobody we know */
export function authenticate(operations: OperationService) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    try {
      request.caller = await operations.identify(request.headers, request.traceId);
      return undefined;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return sendProblem(request, reply, error);
    }
  };
}

/** Answers queries and mutations by GraphQL over HTTP: `POST`, multipart with files too, and `GET` for queries. */
export class HttpDoor {
  constructor(
    private readonly operations: OperationService,
    private readonly config: GatewayConfig,
  ) {}

  /** @param scope has the parsers of JSON and multipart, and no other */
  mount(scope: FastifyInstance): void {
    const onRequest = authenticate(this.operations);
    scope.post('/graphql', { onRequest }, (request, reply) =>
      this.answer(request, reply, bodyParams(request.body)),
    );
  }

  /** Answers a GET that no page and no WebSocket was asked with. */
  async get(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const refused = await authenticate(this.operations)(request, reply);
    return refused ?? this.answer(request, reply, queryParams(request.query));
  }

  /** @returns whether a GET is a browser's that asks for a page */
  static wantsPage(request: FastifyRequest): boolean {
    const { query } = request.query as { query?: unknown };
    return query === undefined && prefersHtml(request.headers.accept);
  }

  private async answer(
    request: FastifyRequest,
    reply: FastifyReply,
    params: OperationParams,
  ): Promise<FastifyReply> {
    const type = responseType(request.headers.accept);
    if (!type) return sendErrors(request, reply, 406, [{ message: 'Accept application/json.' }]);
    const operation = this.operations.prepare(request.caller!, params);
    if (!('prepared' in operation)) return sendResult(reply, { errors: operation }, type);

    const { type: kind } = operation.prepared;
    if (kind === OperationTypeNode.MUTATION && request.method === 'GET') {
      const errors = [{ message: 'A mutation is sent by POST.' }];
      return sendErrors(request, reply.header('allow', 'POST'), 405, errors);
    }
    if (kind === OperationTypeNode.SUBSCRIPTION) {
      const message =
        'A subscription is sent to /graphql by WebSocket, or to /graphql/stream for server-sent events.';
      return sendErrors(request, reply, 400, [{ message }]);
    }
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const timeoutMs = request.multipart ? this.config.STREAM_TIMEOUT_MS : undefined;
    const { result, answerIds, retryAfterMs } = await this.operations.execute(
      operation,
      gone.signal,
      timeoutMs,
    );
    if (answerIds.length > 0) {
      void reply.header('x-aigc', aigcMetadata(this.config.AIGC_PRODUCER, answerIds));
    }
    if (retryAfterMs !== undefined) void reply.header('retry-after', Math.ceil(retryAfterMs / 1000));
    return sendResult(reply, result, type);
  }
}
