import { kernelConfig, readConfig, runMain, startService } from '@midplane/kernel';
import { ingestConfig, IngestModule, KNOWLEDGE_ENTITIES } from '@midplane/knowledge';
import { MIGRATIONS } from '@midplane/migrations';

runMain(async () => {
  const config = readConfig(process.env, kernelConfig, ingestConfig);
  return startService({
    service: 'ingest',
    config,
    migrations: MIGRATIONS,
    entities: KNOWLEDGE_ENTITIES,
    modules: [IngestModule.forRoot(config)],
  });
});
