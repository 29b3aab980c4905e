import { gatewayConfig, GatewayModule } from '@midplane/gateway';
import { kernelConfig, provisionAdministrator, readConfig, runMain, startService } from '@midplane/kernel';
import { MIGRATIONS } from '@midplane/migrations';

runMain(async () => {
  const config = readConfig(process.env, kernelConfig, gatewayConfig);
  return startService({
    service: 'gateway',
    config,
    migrations: MIGRATIONS,
    entities: [],
    modules: [GatewayModule.forRoot(config)],
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
