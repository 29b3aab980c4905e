import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServiceName } from '@midplane/contracts';
import { onError } from '@orpc/client';
import type { RPCHandler } from '@orpc/server/node';
import { ORPCError } from '@orpc/client';
import { contextIfAny, runInContext } from '../context/request-context.js';
import { asError } from '../errors/errors.js';
import type { Logger } from '../telemetry/logger.js';
import { continueSpan, span, TRACEPARENT_HEADER } from '../telemetry/tracing.js';
import type { ContextToken } from './context-token.js';
import { CONTEXT_HEADER, type ServiceRegistry } from './service-registry.js';

/** Answers the calls of other services to those of this process, under the context that they carry. */
export class RpcServer {
  private readonly handlers = new Map<ServiceName, RPCHandler<Record<never, never>>>();

  constructor(
    private readonly registry: ServiceRegistry,
    private readonly token: ContextToken,
    private readonly logger: Logger,
  ) {}

  /**
   * Handles one request whose path is `/rpc/<service>/<call>`.
   * Without a context signed by this installation's master key it is refused with 401.
   */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const name = request.url?.split('/')[2] as ServiceName;
    const handler = await this.handlerOf(name);
    if (!handler) return end(response, 404, 'no such service here');
    const header = request.headers[CONTEXT_HEADER];
    const carried = this.token.open(Array.isArray(header) ? header[0] : header);
    if (!carried) return end(response, 401, 'the call carries no valid context');

    const signal =
      carried.deadline === undefined
        ? gone.signal
        : AbortSignal.any([gone.signal, AbortSignal.timeout(Math.max(0, carried.deadline - Date.now()))]);
    const call = request.url?.split('/')[3] ?? '';
    const { matched } = await runInContext({ ...carried, signal }, () =>
      continueSpan(request.headers[TRACEPARENT_HEADER], carried.traceId, () =>
        span(`serve ${name}.${call}`, { 'rpc.service': name, 'rpc.method': call }, () =>
          handler.handle(request, response, { prefix: `/rpc/${name}`, context: {} }),
        ),
      ),
    );
    if (!matched) end(response, 404, 'no such call');
  }

  private async handlerOf(name: ServiceName) {
    const router = this.registry.router(name);
    if (!router) return undefined;
    // Loaded with the first call: nobody calls a gateway that has the models in its own process.
    const { RPCHandler } = await import('@orpc/server/node');
    const known = this.handlers.get(name);
    if (known) return known;
    const handler = new RPCHandler(router, {
      interceptors: [
        onError((error) => {
          if (error instanceof ORPCError && error.code === 'PROBLEM') return;
          // The caller went away, and what it waited for was cancelled.
          if (contextIfAny()?.signal.aborted) return;
          this.logger.error({ service: name, err: asError(error) }, 'a call between services failed');
        }),
      ],
    });
    this.handlers.set(name, handler);
    return handler;
  }
}

function end(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(message);
}
