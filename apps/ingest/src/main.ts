import { exitOnFailure, kernelConfig, readConfig, startService } from '@midplane/kernel';
import { ingestConfig, IngestModule, KNOWLEDGE_ENTITIES } from '@midplane/knowledge';
import { MIGRATIONS } from '@midplane/migrations';

const config = readConfig(process.env, kernelConfig, ingestConfig);
exitOnFailure(
  startService({
    service: 'ingest',
    config,
    migrations: MIGRATIONS,
    entities: KNOWLEDGE_ENTITIES,
    modules: [IngestModule.forRoot(config)],
  }),
);
