import { kernelConfig, readConfig, runMain, startService } from '@midplane/kernel';
import { KNOWLEDGE_ENTITIES, RetrievalModule } from '@midplane/knowledge';
import { MIGRATIONS } from '@midplane/migrations';

runMain(async () =>
  startService({
    service: 'retrieval',
    config: readConfig(process.env, kernelConfig),
    migrations: MIGRATIONS,
    entities: KNOWLEDGE_ENTITIES,
    modules: [RetrievalModule],
  }),
);
