import { ConfigError } from '../config/config.js';
import type { KernelConfig } from '../config/kernel.config.js';
import { type Kernel, type KernelSettings, openKernel } from './kernel.js';
import { type RunningService, runService, type ServiceOptions } from './run-service.js';

export interface ServiceProcess extends KernelSettings, Pick<ServiceOptions, 'modules' | 'configure'> {
  /** What has to be there before the process answers. */
  prepare?(kernel: Kernel): Promise<void>;
}

/**
 * Starts one service as a process of its own, for others to call over HTTP.
 * @throws ConfigError where what the processes must share is not set
 */
export async function startService(settings: ServiceProcess): Promise<RunningService> {
  requireShared(settings.config);
  const { modules, configure } = settings;
  const kernel = await openKernel(settings);
  await settings.prepare?.(kernel);
  return runService({ kernel, modules, rpc: true, configure });
}

/** The embedded database belongs to one process, and a generated key to one home: several processes need neither. */
function requireShared(config: KernelConfig): void {
  const missing = (['DATABASE_URL', 'MIDPLANE_MASTER_KEY'] as const).filter((name) => !config[name]);
  if (missing.length > 0) {
    throw new ConfigError(
      `A service on its own shares its database and its master key with the others: set ${missing.join(' and ')}.\n` +
        'To run everything in one process without either, use `npm start`.',
    );
  }
}
