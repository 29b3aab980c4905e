import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConfigError } from '../config/config.js';
import { RpcServer } from '../rpc/rpc-server.js';
import { NestLogger } from '../telemetry/nest-logger.js';
import type { Kernel } from './kernel.js';
import { KernelModule } from './kernel.module.js';
import { mountOperatorRoutes } from './operator-routes.js';

@Module({})
class ProcessModule {}

export interface ServiceOptions {
  kernel: Kernel;
  /** The modules that run in this process. */
  modules: (Type | DynamicModule)[];
  /** Whether other services may call this process over HTTP; off where all run in one. */
  rpc: boolean;
  /** Last touches to the HTTP server before it starts (the gateway's doors). */
  configure?(app: NestFastifyApplication): Promise<void> | void;
}

export interface RunningService {
  app: NestFastifyApplication;
  /** Address that it listens on. */
  url: string;
  stop(): Promise<void>;
}

/**
 * Runs modules in one process on one HTTP server: starts the jobs, answers health, and other services' calls.
 * SIGTERM and SIGINT end it in order.
 * @throws Error where a module can't start or the port is taken
 */
export async function runService(options: ServiceOptions): Promise<RunningService> {
  const { kernel, modules } = options;
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: ProcessModule, imports: [KernelModule.forRoot(kernel), ...modules] },
    new FastifyAdapter({ trustProxy: false }),
    { logger: new NestLogger(kernel.logger), abortOnError: false },
  );
  mountOperatorRoutes(app.getHttpAdapter().getInstance() as unknown as FastifyInstance, kernel);
  if (options.rpc) mountRpc(app, new RpcServer(kernel.registry, kernel.contextToken, kernel.logger));
  await options.configure?.(app);
  await app.init();
  await kernel.jobs.start(kernel.registry.served());
  await app.listen(kernel.config.PORT, kernel.config.HOST);

  let stopping: Promise<void> | undefined;
  const stop = () =>
    (stopping ??= kernel.jobs
      .stop()
      .then(() => app.close())
      .then(() => kernel.close()));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stop().then(
        () => process.exit(0),
        (error: unknown) => {
          kernel.logger.error({ err: error }, 'stopping failed');
          process.exit(1);
        },
      );
    });
  }
  return { app, url: await app.getUrl(), stop };
}

function mountRpc(app: NestFastifyApplication, rpc: RpcServer): void {
  const fastify = app.getHttpAdapter().getInstance();
  void fastify.register((scope, _, done) => {
    // oRPC reads the body itself; Fastify must leave it alone here, and only here.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
    scope.all('/rpc/*', (request, reply) => {
      reply.hijack();
      return rpc.handle(request.raw, reply.raw);
    });
    done();
  });
}

/**
 * Runs a process's main; ends it with the message alone where the environment is wrong, with the stack otherwise. What
 * starting took of memory and left behind goes back to the system.
 */
export function runMain(main: () => Promise<unknown>): void {
  main().then(giveBackMemory, (error: unknown) => {
    process.stderr.write(
      `${error instanceof ConfigError ? error.message : ((error as Error).stack ?? String(error))}\n`,
    );
    process.exit(1);
  });
}

/** Compiling the modules leaves as much behind as running needs, which V8 would keep until the heap grows into it. */
function giveBackMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: object) => void;
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
