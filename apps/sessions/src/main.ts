import { kernelConfig, readConfig, runMain, startService } from '@midplane/kernel';
import { MIGRATIONS } from '@midplane/migrations';
import { SESSIONS_ENTITIES, SessionsModule } from '@midplane/sessions';

runMain(async () => {
  const config = readConfig(process.env, kernelConfig);
  return startService({
    service: 'sessions',
    config,
    migrations: MIGRATIONS,
    entities: SESSIONS_ENTITIES,
    modules: [SessionsModule],
  });
});
