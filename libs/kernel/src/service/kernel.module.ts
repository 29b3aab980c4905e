import { type DynamicModule, Module } from '@nestjs/common';
import { ApiKeyService } from '../auth/api-key.service.js';
import { AuthService } from '../auth/auth.service.js';
import { OperatorToken } from '../auth/operator-token.js';
import { TenantService } from '../auth/tenant.service.js';
import { AuditLog } from '../audit/audit-log.js';
import { SecretBox } from '../config/secret-box.js';
import { Health } from '../health/health.js';
import { Jobs } from '../jobs/index.js';
import { Database } from '../persistence/database.js';
import { ServiceRegistry } from '../rpc/service-registry.js';
import { FILE_STORAGE } from '../storage/file-storage.port.js';
import type { Kernel } from './kernel.js';

/** Injection tokens of what has no class of its own. */
export const LOGGER = Symbol('LOGGER');
export const KERNEL_CONFIG = Symbol('KERNEL_CONFIG');

/** Gives the kernel of this process to every module. */
@Module({})
export class KernelModule {
  static forRoot(kernel: Kernel): DynamicModule {
    const providers = [
      { provide: KERNEL_CONFIG, useValue: kernel.config },
      { provide: LOGGER, useValue: kernel.logger },
      { provide: Database, useValue: kernel.database },
      { provide: ServiceRegistry, useValue: kernel.registry },
      { provide: SecretBox, useValue: kernel.secrets },
      { provide: Jobs, useValue: kernel.jobs },
      { provide: FILE_STORAGE, useValue: kernel.storage },
      { provide: AuthService, useValue: kernel.auth },
      { provide: ApiKeyService, useValue: kernel.apiKeys },
      { provide: TenantService, useValue: kernel.tenants },
      { provide: OperatorToken, useValue: kernel.operatorToken },
      { provide: AuditLog, useValue: kernel.audit },
      { provide: Health, useValue: kernel.health },
    ];
    return {
      module: KernelModule,
      global: true,
      providers,
      exports: providers.map((provider) => provider.provide),
    };
  }
}
