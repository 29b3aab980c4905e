import { gatewayConfig, GatewayModule } from '@midplane/gateway';
import { kernelConfig, provisionAdministrator, readConfig, runMain, startService } from '@midplane/kernel';
import { MIGRATIONS } from '@midplane/migrations';
import { modelsConfig, ModelsModule } from '@midplane/models';

/** The public door. Without MODELS_URL it serves the models itself: a call of a model is then one process's work. */
runMain(async () => {
  const config = readConfig(process.env, kernelConfig, gatewayConfig, modelsConfig);
  return startService({
    service: 'gateway',
    config,
    migrations: MIGRATIONS,
    entities: [],
    modules: [...(config.MODELS_URL ? [] : [ModelsModule.forRoot(config)]), GatewayModule.forRoot(config)],
    prepare: async ({ principals, database, logger }) => {
      const { created, keyFile } = await provisionAdministrator(
        principals,
        database,
        config.MIDPLANE_HOME,
        config.MIDPLANE_ADMIN_KEY,
      );
      if (created) logger.info({ keyFile }, 'the first administrator is there; the key is in the file');
    },
  });
});
