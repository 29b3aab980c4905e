import { type DynamicModule, Inject, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { LOGGER, type Logger, metrics, SecretBox, ServiceRegistry } from '@midplane/kernel';
import { Inference, type InferenceOptions } from './inference.js';
import { checkDevice } from './models/device.js';
import { publishMetrics } from './inference.metrics.js';
import { inferenceHandlers, queuedHandlers } from './inference.service.js';
import { InferenceQueue, type InferenceQueueOptions } from './queue/inference-queue.js';
import { InferenceWorker, type InferenceWorkerOptions } from './queue/inference-worker.js';
import { publishQueueMetrics } from './queue/queue.metrics.js';

/** How long a worker's jobs have to end after it is told to stop, in ms; then others take them up. */
const GRACE_MS = 5_000;

/** Where the models run: here, in workers that this process asks through Redis, or here as such a worker. */
export type InferencePlace =
  | { place: 'here' }
  | { place: 'workers'; queue: InferenceQueueOptions }
  | { place: 'worker'; worker: InferenceWorkerOptions };

const OPTIONS = Symbol('OPTIONS');

export interface InferenceModuleOptions extends InferenceOptions {
  /** Default: here. */
  runs?: InferencePlace | undefined;
}

/** Serves the inference contract in this process, or works for others that do. Needs the KernelModule. */
@Module({})
export class InferenceModule implements OnModuleInit, OnModuleDestroy {
  private readonly ends: (() => Promise<void> | void)[] = [];

  constructor(
    private readonly registry: ServiceRegistry,
    private readonly inference: Inference,
    private readonly secrets: SecretBox,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(OPTIONS) private readonly options: InferenceModuleOptions,
  ) {
    const { runs } = options;
    if (runs?.place === 'workers') this.serveByWorkers(runs.queue);
    else if (runs?.place !== 'worker') this.serve();
  }

  /** @param options as `inferenceOptions` makes them of the environment */
  static forRoot(options: InferenceModuleOptions): DynamicModule {
    return {
      module: InferenceModule,
      providers: [
        { provide: OPTIONS, useValue: options },
        { provide: Inference, useFactory: () => new Inference(options) },
      ],
      exports: [Inference],
    };
  }

  /** @throws ConfigError where models are to run here on a device that is not there */
  async onModuleInit(): Promise<void> {
    const { runs, device = 'cpu' } = this.options;
    if (runs?.place !== 'workers') await checkDevice(device);
    if (runs?.place === 'worker') this.work(runs.worker);
  }

  /** In order: what comes from outside ends first, then the models. */
  async onModuleDestroy(): Promise<void> {
    for (const end of this.ends) await end();
    await this.inference.close();
  }

  private serve(): void {
    this.registry.serve('inference', inferenceHandlers(this.inference));
    this.ends.push(publishMetrics(metrics, this.inference));
  }

  private serveByWorkers(options: InferenceQueueOptions): void {
    const queue = new InferenceQueue(options, this.secrets, this.logger);
    this.registry.serve('inference', queuedHandlers(queue));
    this.ends.push(publishQueueMetrics(metrics, queue), () => queue.close());
  }

  private work(options: InferenceWorkerOptions): void {
    const worker = new InferenceWorker(options, inferenceHandlers(this.inference), this.secrets, this.logger);
    this.ends.push(() => worker.stop(GRACE_MS), publishMetrics(metrics, this.inference));
  }
}
