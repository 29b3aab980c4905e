import { InferenceModule } from '@midplane/inference';
import { readConfig } from '@midplane/kernel';
import { ingestConfig, IngestModule, KNOWLEDGE_ENTITIES, RetrievalModule } from '@midplane/knowledge';
import { MIGRATIONS } from '@midplane/migrations';
import { modelsConfig, ModelsModule } from '@midplane/models';
import { SESSIONS_ENTITIES, SessionsModule } from '@midplane/sessions';
import { type PostgresTestDatabase, testDatabase } from '@midplane/testing';
import { type BootedGateway, bootGateway } from './boot-gateway.js';

/** The gateway with every service behind it, and the database that they share. */
export interface BootedPlatform extends BootedGateway {
  database: PostgresTestDatabase;
}

/** Boots all services in this process on a Postgres database of the test's own; `stop` removes that too. */
export async function bootPlatform(): Promise<BootedPlatform> {
  const database = await testDatabase();
  const gateway = await bootGateway({
    databaseUrl: database.url,
    migrations: MIGRATIONS,
    entities: [...KNOWLEDGE_ENTITIES, ...SESSIONS_ENTITIES],
    modules: () => [
      InferenceModule.forRoot({}),
      IngestModule.forRoot(readConfig({}, ingestConfig)),
      { module: RetrievalModule },
      ModelsModule.forRoot(readConfig({}, modelsConfig)),
      { module: SessionsModule },
    ],
  }).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  return {
    ...gateway,
    database,
    stop: async () => {
      await gateway.stop();
      await database.close();
    },
  };
}
