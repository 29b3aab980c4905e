import { type DynamicModule, Module, type OnModuleDestroy } from '@nestjs/common';
import { ServiceRegistry } from '@midplane/kernel';
import { Inference, type InferenceOptions } from './inference.js';
import { inferenceHandlers } from './inference.service.js';

/** Serves the inference contract in this process. */
@Module({})
export class InferenceModule implements OnModuleDestroy {
  constructor(
    registry: ServiceRegistry,
    private readonly inference: Inference,
  ) {
    registry.serve('inference', inferenceHandlers(inference));
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
    await this.inference.close();
  }
}
