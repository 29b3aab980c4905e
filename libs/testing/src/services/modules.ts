import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Kernel, kernelConfig, KernelModule, openKernel, readConfig } from '@midplane/kernel';
import { MIGRATIONS } from '@midplane/migrations';
import { testDatabase } from './database.js';

@Module({})
class TestModule {}

export interface TestModulesOptions {
  /** The modules under test, and those they call. */
  modules: (kernel: Kernel) => (Type | DynamicModule)[];
  entities: (new () => object)[];
  /** Whether the modules' jobs run in this process; otherwise they are only queued here. Default: true. */
  runJobs?: boolean;
  /** Further variables of the environment. */
  env?: NodeJS.ProcessEnv;
}

/** Modules that run in the test's process on a database and files of their own. */
export interface TestModules {
  kernel: Kernel;
  /** Address of the database as the superuser. */
  databaseUrl: string;
  /** Folder of keys and files. */
  home: string;
  /** What a module provides, by its class or token. */
  get<T>(token: Type<T> | symbol): T;
  /** Stops the modules, and removes the database and the files. */
  close(): Promise<void>;
}

/** Boots real modules on a real Postgres 18. Call it once per test file and close it in `afterAll`. */
export async function testModules(options: TestModulesOptions): Promise<TestModules> {
  const database = await testDatabase();
  const home = await mkdtemp(join(tmpdir(), 'midplane-home-'));
  const config = readConfig(
    { LOG_LEVEL: 'error', DATABASE_URL: database.url, MIDPLANE_HOME: home, ...options.env },
    kernelConfig,
  );
  const kernel = await openKernel({
    service: 'test',
    config,
    migrations: MIGRATIONS,
    entities: options.entities,
  });
  const app = await NestFactory.createApplicationContext(
    { module: TestModule, imports: [KernelModule.forRoot(kernel), ...options.modules(kernel)] },
    { logger: false, abortOnError: false },
  );
  const runJobs = options.runJobs ?? true;
  if (runJobs) await kernel.jobs.start(kernel.registry.served());
  return {
    kernel,
    databaseUrl: database.url,
    home,
    get: (token) => app.get(token),
    close: async () => {
      if (runJobs) await kernel.jobs.stop();
      await app.close();
      await kernel.close();
      await database.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
