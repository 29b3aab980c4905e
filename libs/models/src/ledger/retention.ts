import {
  asError,
  Database,
  dropOldPartitions,
  ensureMonthlyPartitions,
  LOGGER,
  type Logger,
} from '@midplane/kernel';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { MODELS_CONFIG, type ModelsConfig } from '../models.config.js';

const DAY_MS = 24 * 3_600_000;

/** Drops the months of the ledger that are too old, and makes those to come, once a day. */
@Injectable()
export class Retention implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    @Inject(MODELS_CONFIG) private readonly config: ModelsConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.timer = setInterval(() => void this.run(), DAY_MS).unref();
    await this.run();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private async run(): Promise<void> {
    try {
      const { dataSource } = this.database;
      await ensureMonthlyPartitions(dataSource);
      const dropped = await dropOldPartitions(dataSource, 'model_call', this.config.MODEL_LEDGER_MONTHS);
      if (dropped.length > 0) this.logger.info({ dropped }, 'old months of the model ledger were dropped');
    } catch (error) {
      this.logger.error({ err: asError(error) }, 'old months of the model ledger were not dropped');
    }
  }
}
