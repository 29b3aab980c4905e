import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { OperationTypeNode } from 'graphql';
import { createHandler, type Response } from 'graphql-sse';
import { aigcMetadata } from '../answer/aigc-metadata.js';
import type { GatewayConfig } from '../gateway.config.js';
import type { OperationService } from '../operation/operation.service.js';
import { authenticate } from './http.door.js';
import { acceptsEventStream } from './media-type.js';
import { sendErrors } from './reply.js';
import { bodyParams, queryParams } from './request-params.js';

/**
 * Answers every kind of operation by graphql-sse in its distinct connections mode, on `/graphql/stream`. The other
 * mode keeps its streams in one process, where a load balancer doesn't find them: it is not offered.
 */
export class SseDoor {
  private readonly handle;

  constructor(
    private readonly operations: OperationService,
    private readonly config: GatewayConfig,
  ) {
    this.handle = createHandler<FastifyRequest, { gone: AbortSignal }>({
      // The route has told who calls; null says that there is no stream to share.
      authenticate: () => null,
      onSubscribe: ({ raw, context }, params) => {
        const { query, operationName, variables } = params;
        const operation = operations.prepare(raw.caller!, {
          query: String(query),
          operationName,
          variables,
        });
        if (!('prepared' in operation)) return { errors: operation };
        if (operation.prepared.type === OperationTypeNode.MUTATION && raw.method === 'GET') {
          return [null, { status: 405, statusText: 'Method Not Allowed', headers: { allow: 'POST' } }];
        }
        return operations.run(operation, context.gone);
      },
    });
  }

  /** @param scope has the parser of JSON */
  mount(scope: FastifyInstance): void {
    const onRequest = authenticate(this.operations);
    scope.route({
      method: ['GET', 'POST'],
      url: '/graphql/stream',
      onRequest,
      handler: (request, reply) => this.answer(request, reply),
    });
  }

  private async answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    if (!acceptsEventStream(request.headers.accept)) {
      return sendErrors(request, reply, 406, [{ message: 'Accept text/event-stream.' }]);
    }
    const params = request.method === 'GET' ? queryParams(request.query) : bodyParams(request.body);
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const [body, { status, statusText, headers }] = await this.handle({
      method: request.method,
      url: request.url,
      headers: {
        get: (name) =>
          // The handler knows no other way to accept it.
          name === 'accept' ? 'text/event-stream' : String(request.headers[name] ?? ''),
      },
      body: { ...params },
      raw: request,
      context: { gone: gone.signal },
    });
    reply.hijack();
    reply.raw.writeHead(status, statusText, {
      ...(reply.getHeaders() as Record<string, string>),
      ...headers,
      // The answer's id is not known yet; that what follows is generated is.
      'x-aigc': aigcMetadata(this.config.AIGC_PRODUCER, []),
    });
    await write(body, reply);
    return reply;
  }
}

async function write(body: Response[0], { raw }: FastifyReply): Promise<void> {
  if (body === null || typeof body === 'string') {
    raw.end(body ?? undefined);
    return;
  }
  raw.once('close', () => void body.return(undefined));
  for await (const part of body) raw.write(part);
  raw.end();
}
