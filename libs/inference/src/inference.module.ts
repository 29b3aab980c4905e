import { type DynamicModule, Module, type OnModuleDestroy } from '@nestjs/common';
import { metrics, ServiceRegistry } from '@midplane/kernel';
import { Inference, type InferenceOptions } from './inference.js';
import { publishMetrics } from './inference.metrics.js';
import { inferenceHandlers } from './inference.service.js';

/** Serves the inference contract in this process. */
@Module({})
export class InferenceModule implements OnModuleDestroy {
  private readonly removeMetrics: () => void;

  constructor(
    registry: ServiceRegistry,
    private readonly inference: Inference,
  ) {
    registry.serve('inference', inferenceHandlers(inference));
    this.removeMetrics = publishMetrics(metrics, inference);
  }

  /** @param options as `inferenceOptions` makes them of the environment */
  static forRoot(options: InferenceOptions): DynamicModule {
    return {
      module: InferenceModule,
      providers: [{ provide: Inference, useFactory: () => new Inference(options) }],
      exports: [Inference],
    };
  }

  async onModuleDestroy(): Promise<void> {
    this.removeMetrics();
    await this.inference.close();
  }
}
