import { type Services, type ServiceName, SERVICES } from '@midplane/contracts';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/fetch';
import type { AnyContractRouter, ContractProcedure, ContractRouterClient } from '@orpc/contract';
import type { InferSchemaInput, InferSchemaOutput } from '@orpc/contract';
import { implement, type Router } from '@orpc/server';
import { currentContext } from '../context/request-context.js';
import { UserError } from '../errors/errors.js';
import { observeCall } from '../telemetry/call.metrics.js';
import { traceparent, TRACEPARENT_HEADER } from '../telemetry/tracing.js';
import type { ContextToken } from './context-token.js';
import { nearCalls } from './near-client.js';
import { fromWire, mapErrors, toWire } from './problem-transport.js';

/** Header that carries the signed request context between services. */
export const CONTEXT_HEADER = 'x-midplane-context';

/** What a service implements: one function for each call of its contract; a stream is an async generator. */
export type ServiceHandlers<N extends ServiceName> = {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the two parameters play no part in the inference
  [K in keyof Services[N]]: Services[N][K] extends ContractProcedure<infer I, infer O, any, any>
    ? (input: InferSchemaOutput<I>) => InferSchemaInput<O> | Promise<InferSchemaInput<O>>
    : never;
};

/** How one service is called by another: the same type in-process and over HTTP. Throws UserError for problems. */
export type ServiceClient<N extends ServiceName> = ContractRouterClient<Services[N]>;

type AnyHandler = (input: unknown) => unknown;
type AnyCall = (input: unknown, options?: { signal?: AbortSignal }) => Promise<unknown>;
type AnyClient = Record<string, AnyCall>;

/** Knows which services run in this process and where the others are. */
export class ServiceRegistry {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- routers of different services stand side by side
  private readonly routers = new Map<ServiceName, Router<AnyContractRouter, any>>();
  private readonly clients = new Map<ServiceName, AnyClient>();

  /**
   * @param urls where services that don't run in this process are
   * @param token signs the context of calls that leave the process
   */
  constructor(
    private readonly urls: Partial<Record<ServiceName, string>>,
    private readonly token: ContextToken,
  ) {}

  /** Declares that this process runs a service. Input and output are validated against the contract. */
  serve<N extends ServiceName>(name: N, handlers: ServiceHandlers<N>): void {
    if (this.routers.has(name)) throw new Error(`The service ${name} is served twice in this process.`);
    // The implementer's type is too deep to follow generically; the handlers' types are checked by the signature.
    const implementer = implement(SERVICES[name] as AnyContractRouter) as unknown as Record<
      string,
      { handler(run: (call: { input: unknown }) => Promise<unknown>): unknown }
    >;
    const router = Object.fromEntries(
      Object.entries(handlers as Record<string, AnyHandler>).map(([key, handle]) => [
        key,
        implementer[key]!.handler(({ input }) => mapErrors(() => handle(input), toWire)),
      ]),
    );
    this.routers.set(name, router as never);
    this.clients.set(
      name,
      nearCalls(SERVICES[name] as AnyContractRouter, handlers as Record<string, AnyHandler>, (error) =>
        this.explain(name, error),
      ),
    );
  }

  /** @returns the router of a service of this process, for the HTTP adapter */
  router(name: ServiceName) {
    return this.routers.get(name);
  }

  /** Names of the services of this process. */
  served(): ServiceName[] {
    return [...this.routers.keys()];
  }

  /** @returns a client; whether the service is near or far is looked up at the first call, not here */
  client<N extends ServiceName>(name: N): ServiceClient<N> {
    return new Proxy(
      {},
      {
        get: (_, call: string) =>
          // Nest and await probe objects for `then` and lifecycle hooks: only calls of the contract exist.
          call in SERVICES[name]
            ? (input: unknown, options?: { signal?: AbortSignal }) =>
                observeCall(name, call, () => this.connect(name)[call]!(input, options))
            : undefined,
      },
    ) as ServiceClient<N>;
  }

  private connect(name: ServiceName): AnyClient {
    const known = this.clients.get(name);
    if (known) return known;
    const link = new RPCLink({
      url: `${this.url(name)}/rpc/${name}`,
      headers: () => ({
        [CONTEXT_HEADER]: this.token.seal(currentContext()),
        [TRACEPARENT_HEADER]: traceparent(),
      }),
    });
    const far: AnyClient = createORPCClient(link);
    const client = Object.fromEntries(
      Object.keys(SERVICES[name]).map((call): [string, AnyCall] => [
        call,
        (input, options) =>
          mapErrors(
            () => far[call]!(input, { signal: options?.signal ?? currentContext().signal }),
            (error) => this.explain(name, fromWire(error)),
          ),
      ]),
    );
    this.clients.set(name, client);
    return client;
  }

  private url(name: ServiceName): string {
    const url = this.urls[name];
    if (!url) throw new Error(`The service ${name} is not in this process: set ${name.toUpperCase()}_URL.`);
    return url.replace(/\/$/, '');
  }

  /** fetch says "fetch failed" for a service that is down; the caller should read which one. */
  private explain(name: ServiceName, error: unknown): unknown {
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      return new UserError('DEADLINE_EXCEEDED', {}, { cause: error });
    }
    return error instanceof TypeError && error.message === 'fetch failed'
      ? new UserError('SERVICE_UNAVAILABLE', { service: name }, { cause: error })
      : error;
  }
}
