import { gatewayConfig, GatewayModule } from '@midplane/gateway';
import { inferenceConfig, InferenceModule, inferenceOptions } from '@midplane/inference';
import {
  ConfigError,
  kernelConfig,
  openKernel,
  provisionAdministrator,
  readConfig,
  runMain,
  runService,
} from '@midplane/kernel';
import { ingestConfig, IngestModule, KNOWLEDGE_ENTITIES, RetrievalModule } from '@midplane/knowledge';
import { MIGRATIONS } from '@midplane/migrations';
import { modelsConfig, ModelsModule } from '@midplane/models';
import { SESSIONS_ENTITIES, SessionsModule } from '@midplane/sessions';
import { welcome } from './welcome.js';

/** Every service in one process: what `npm start` runs. */
runMain(async () => {
  const config = readConfig(
    process.env,
    kernelConfig,
    gatewayConfig,
    inferenceConfig,
    ingestConfig,
    modelsConfig,
  );
  if (config.INFERENCE_ROLE === 'worker')
    throw new ConfigError(
      'INFERENCE_ROLE=worker makes a worker of apps/inference; what asks workers has INFERENCE_QUEUE=redis instead.',
    );
  const kernel = await openKernel({
    service: 'platform',
    config,
    migrations: MIGRATIONS,
    entities: [...KNOWLEDGE_ENTITIES, ...SESSIONS_ENTITIES],
  });
  const administrator = await provisionAdministrator(
    kernel.principals,
    kernel.database,
    config.MIDPLANE_HOME,
    config.MIDPLANE_ADMIN_KEY,
  );
  const { url } = await runService({
    kernel,
    modules: [
      InferenceModule.forRoot(inferenceOptions(config)),
      IngestModule.forRoot(config),
      RetrievalModule,
      ModelsModule.forRoot(config),
      SessionsModule,
      GatewayModule.forRoot(config),
    ],
    rpc: false,
  });
  await welcome(url, administrator, config.MIDPLANE_HOME);
});
