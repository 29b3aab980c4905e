import type { ExecutionArgs, ExecutionResult, GraphQLSchema } from 'graphql';
import type { Context } from 'graphql-ws';
import { type Extra, makeHandler } from 'graphql-ws/use/@fastify/websocket';
import { UserError } from '@midplane/kernel';
import { localeOf } from '../operation/locale.js';
import type { Operation, OperationService } from '../operation/operation.service.js';
import { newTraceId } from '../operation/trace.js';
import { problemError } from '../problem/present-errors.js';

type Params = Record<string, unknown>;
type Socket = Context<Params, Extra>;

/**
 * Answers every kind of operation by graphql-transport-ws. The key is sent in the payload of `connection_init`
 * (`{ "Authorization": "Bearer …" }`), or in the header of the upgrade. It is looked at again for each operation.
 */
export function websocketHandler(operations: OperationService, schema: () => GraphQLSchema) {
  const gone = new WeakMap<Socket, AbortController>();
  const goneOf = (socket: Socket) => {
    const known = gone.get(socket) ?? new AbortController();
    gone.set(socket, known);
    return known;
  };

  const run = ({ contextValue }: ExecutionArgs): Promise<ExecutionResult> =>
    (contextValue as () => Promise<ExecutionResult>)();

  return makeHandler<Params>({
    // Never the message of a fault in the reason of a close.
    isProd: true,
    onConnect: async (socket) => {
      try {
        await identify(operations, socket);
        return true;
      } catch (error) {
        if (error instanceof UserError) return false;
        throw error;
      }
    },
    onSubscribe: async (socket, _id, { query, operationName, variables }) => {
      const caller = await identify(operations, socket).catch((error: unknown) => {
        if (error instanceof UserError) return error;
        throw error;
      });
      if (caller instanceof UserError) return [problemError(caller, localeOf(languageOf(socket)))];
      const operation = operations.prepare(caller, { query, operationName, variables });
      return 'prepared' in operation ? argumentsOf(operation, schema(), goneOf(socket).signal) : operation;
    },
    execute: run,
    subscribe: run as never,
    onDisconnect: (socket) => goneOf(socket).abort(),
    onClose: (socket) => goneOf(socket).abort(),
  });

  function argumentsOf(operation: Operation, served: GraphQLSchema, signal: AbortSignal): ExecutionArgs {
    return {
      schema: served,
      document: operation.prepared.document,
      contextValue: () => operations.run(operation, signal),
    };
  }
}

function identify(operations: OperationService, socket: Socket) {
  const { headers } = socket.extra.request;
  const authorization = param(socket, 'Authorization') ?? headers.authorization;
  const language = { ...headers, 'accept-language': languageOf(socket) };
  return operations.identify(language, newTraceId(), authorization);
}

const languageOf = (socket: Socket) =>
  param(socket, 'Accept-Language') ?? socket.extra.request.headers['accept-language'];

/** A browser can't set headers on a WebSocket: what would be one is in the payload of connection_init. */
function param({ connectionParams }: Socket, name: string): string | undefined {
  const value = connectionParams?.[name] ?? connectionParams?.[name.toLowerCase()];
  return typeof value === 'string' ? value : undefined;
}
