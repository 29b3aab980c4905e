import { InferenceModule, type InferenceOptions } from '@midplane/inference';
import { type Principal, readConfig } from '@midplane/kernel';
import { modelsConfig, ModelsModule } from '@midplane/models';
import { SESSIONS_ENTITIES, SessionsModule } from '@midplane/sessions';
import { createPrincipal, testModules, type TestModules } from '@midplane/testing';
import { ingestConfig, IngestModule, KNOWLEDGE_ENTITIES } from '../ingest/index.js';
import { RetrievalModule } from '../retrieval/index.js';

export interface BootOptions {
  inference?: InferenceOptions;
  /** Variables of the kernel and of ingest. */
  env?: NodeJS.ProcessEnv;
  /** Whether jobs run in this process. Default: true. */
  runJobs?: boolean;
}

export interface BootedKnowledge {
  modules: TestModules;
  /** A knowledge admin of a tenant of their own. */
  admin: Principal;
  /** Asks the database as the superuser: it sees the rows of every tenant. */
  query<Row = Record<string, unknown>>(sql: string, parameters?: unknown[]): Promise<Row[]>;
}

/** Boots ingest and retrieval with the models they call, and sessions, whose answers an erasure reaches. */
export async function bootKnowledge({ inference, env, runJobs }: BootOptions = {}): Promise<BootedKnowledge> {
  const modules = await testModules({
    entities: [...KNOWLEDGE_ENTITIES, ...SESSIONS_ENTITIES],
    modules: () => [
      InferenceModule.forRoot(inference ?? {}),
      IngestModule.forRoot(readConfig(env ?? {}, ingestConfig)),
      RetrievalModule,
      ModelsModule.forRoot(readConfig({}, modelsConfig)),
      SessionsModule,
    ],
    runJobs,
    env,
  });
  const { database } = modules.kernel;
  return {
    modules,
    admin: await createPrincipal(database, { roles: ['knowledge-admin'] }),
    query: (sql, parameters) => database.dataSource.query(sql, parameters),
  };
}
