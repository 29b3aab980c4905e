import cors from '@fastify/cors';
import websocket from '@fastify/websocket';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  LOGGER,
  type Logger,
  OperatorToken,
  ServiceRegistry,
  TenantService,
  UserError,
} from '@midplane/kernel';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway.config.js';
import { localeOf } from '../operation/locale.js';
import { OperationService } from '../operation/operation.service.js';
import { OpenAiDoor } from '../openai/openai.door.js';
import { faultError } from '../problem/present-errors.js';
import { mountGraphiqlAssets, sendGraphiql } from './graphiql.js';
import { HttpDoor } from './http.door.js';
import { sendLandingPage } from './landing-page.js';
import { OperatorDoor } from './operator.door.js';
import { sendErrors, sendProblem } from './reply.js';
import { acceptMultipart } from '../upload/multipart.js';
import { BadRequest } from './request-params.js';
import { addResponseHeaders } from './request-trace.js';
import { SseDoor } from './sse.door.js';
import { websocketHandler } from './websocket.door.js';

/** A body over the upload limit is read to its end, so that the client gets the answer, if it is not larger than this. */
const DRAINED_TIMES_LIMIT = 4;

/** Opens the gateway's doors on the HTTP server of the process. */
@Injectable()
export class Doors implements OnModuleInit {
  constructor(
    private readonly adapter: HttpAdapterHost,
    private readonly operations: OperationService,
    private readonly services: ServiceRegistry,
    private readonly schemaHost: GraphQLSchemaHost,
    private readonly tenants: TenantService,
    private readonly operatorToken: OperatorToken,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onModuleInit(): Promise<void> {
    const server = this.adapter.httpAdapter.getInstance<FastifyInstance>();
    addResponseHeaders(server);
    if (this.config.CORS_ORIGINS.length > 0) {
      await server.register(cors, {
        origin: this.config.CORS_ORIGINS,
        methods: ['GET', 'POST'],
        allowedHeaders: ['authorization', 'content-type', 'accept', 'accept-language', 'traceparent'],
        exposedHeaders: ['x-trace-id', 'x-aigc', 'retry-after', 'x-midplane-overhead-ms'],
      });
    }
    server.get('/', sendLandingPage);
    await server.register((scope) => this.open(scope));
    const openAi = new OpenAiDoor(this.operations, this.services, this.config, this.logger);
    await server.register(
      async (scope) => {
        scope.removeAllContentTypeParsers();
        openAi.mount(scope);
      },
      { prefix: '/v1' },
    );
  }

  private async open(scope: FastifyInstance): Promise<void> {
    const { MAX_BODY_BYTES: bodyLimit } = this.config;
    // JSON and multipart alone: what a page of another origin can send unasked (forms, plain text) is refused, and
    // multipart needs the Authorization header like everything, which such a page can't set.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      'application/json',
      { parseAs: 'string', bodyLimit },
      scope.getDefaultJsonParser('error', 'error'),
    );
    scope.setErrorHandler((error: FastifyError, request, reply) => this.explain(error, request, reply));
    scope.addHook('onRequest', async (request, reply) => this.refuseHuge(request, reply));
    acceptMultipart(scope, { maxFieldBytes: bodyLimit, maxDrainBytes: this.largestBody });
    await scope.register(websocket, { options: { maxPayload: bodyLimit } });

    const http = new HttpDoor(this.operations, this.config);
    http.mount(scope);
    new SseDoor(this.operations, this.config).mount(scope);
    new OperatorDoor(this.tenants, this.operatorToken, this.logger).mount(scope);
    mountGraphiqlAssets(scope);
    scope.route({
      method: 'GET',
      url: '/graphql',
      handler: (request, reply) =>
        HttpDoor.wantsPage(request) ? sendGraphiql(reply) : http.get(request, reply),
      wsHandler: websocketHandler(this.operations, () => this.schemaHost.schema),
    });
  }

  private async refuseHuge(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    if (Number(request.headers['content-length'] ?? 0) <= this.largestBody) return undefined;
    const megabytes = this.config.MAX_UPLOAD_BYTES / 2 ** 20;
    return sendProblem(
      request,
      reply.header('connection', 'close'),
      new UserError('FILE_TOO_LARGE', { megabytes }),
    );
  }

  private get largestBody(): number {
    return this.config.MAX_UPLOAD_BYTES * DRAINED_TIMES_LIMIT + this.config.MAX_BODY_BYTES;
  }

  /** What happened before GraphQL: a body that is no JSON, too large, of a type that isn't taken, or a fault. */
  private explain(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (error instanceof UserError) return sendProblem(request, reply, error);
    if (error instanceof BadRequest) return sendErrors(request, reply, 400, [{ message: error.message }]);
    const status = error.statusCode ?? 500;
    if (status < 500) return sendErrors(request, reply, status, [{ message: error.message }]);
    const locale = localeOf(request.headers['accept-language']);
    return sendErrors(request, reply, 500, [faultError(error, request.traceId, locale, this.logger)]);
  }
}
