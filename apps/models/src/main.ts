import { kernelConfig, readConfig, runMain, startService } from '@midplane/kernel';
import { MIGRATIONS } from '@midplane/migrations';
import { modelsConfig, ModelsModule } from '@midplane/models';

runMain(async () => {
  const config = readConfig(process.env, kernelConfig, modelsConfig);
  return startService({
    service: 'models',
    config,
    migrations: MIGRATIONS,
    entities: [],
    modules: [ModelsModule.forRoot(config)],
  });
});
