import { kernelConfig, readConfig, runMain, startService } from '@midplane/kernel';
import { inferenceConfig, InferenceModule, inferenceOptions } from '@midplane/inference';
import { MIGRATIONS } from '@midplane/migrations';

runMain(async () => {
  const config = readConfig(process.env, kernelConfig, inferenceConfig);
  return startService({
    service: 'inference',
    config,
    migrations: MIGRATIONS,
    entities: [],
    modules: [InferenceModule.forRoot(inferenceOptions(config))],
  });
});
