import { exitOnFailure, kernelConfig, openKernel, readConfig, runService } from '@midplane/kernel';
import { inferenceConfig, InferenceModule, inferenceOptions } from '@midplane/inference';
import { MIGRATIONS } from '@midplane/migrations';

/** The inference service on its own: other processes reach it by INFERENCE_URL. */
async function main(): Promise<void> {
  const config = readConfig(process.env, kernelConfig, inferenceConfig);
  const kernel = await openKernel({ service: 'inference', config, migrations: MIGRATIONS, entities: [] });
  const modules = [InferenceModule.forRoot(inferenceOptions(config))];
  const { url } = await runService({ kernel, modules, rpc: true });
  kernel.logger.info({ url }, 'inference is up');
}

exitOnFailure(main());
