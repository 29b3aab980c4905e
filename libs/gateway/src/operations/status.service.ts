import { Inject, Injectable } from '@nestjs/common';
import { DocumentStatus, SERVICES, type ServiceName } from '@midplane/contracts';
import {
  asError,
  Health,
  Jobs,
  LOGGER,
  type Logger,
  type ServiceClient,
  ServiceRegistry,
} from '@midplane/kernel';
import { VERSION } from '../version.js';
import { type PlatformStatus, ServiceState, type ServiceStatus } from './operations.types.js';

/** Gathers how the platform does, for one tenant. What doesn't answer is a line, not a failure. */
@Injectable()
export class StatusService {
  private readonly ingest: ServiceClient<'ingest'>;
  private readonly inference: ServiceClient<'inference'>;

  constructor(
    private readonly services: ServiceRegistry,
    private readonly jobs: Jobs,
    private readonly health: Health,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.ingest = services.client('ingest');
    this.inference = services.client('inference');
  }

  async status(): Promise<PlatformStatus> {
    const [corpus, embedders, states, failedJobs, queues] = await Promise.all([
      this.ask('ingest', () => this.ingest.status()),
      this.ask('inference', () => this.inference.embeddingModels()),
      this.states(),
      this.jobs.deadJobs({ first: 1 }),
      this.jobs.queues(),
    ]);
    return {
      version: VERSION,
      documents: DocumentStatus.options.map((status) => ({ status, count: corpus?.documents[status] ?? 0 })),
      failedJobCount: failedJobs.totalCount,
      storedBytes: corpus?.storedBytes ?? 0,
      queues,
      services: states,
      embedders: embedders ?? [],
    };
  }

  /** The services of this process are up as long as it answers; the others, and the stores, are asked. */
  private async states(): Promise<ServiceStatus[]> {
    const { dependencies } = await this.health.ready();
    const served = new Set(this.services.served());
    const near = (Object.keys(SERVICES) as ServiceName[]).filter(
      (name) => !dependencies.some((each) => each.name === name),
    );
    const entry = (name: string, up: boolean) => ({ name, state: up ? ServiceState.UP : ServiceState.DOWN });
    return [
      ...near.map((name) => entry(name, served.has(name))),
      ...dependencies.map(({ name, up }) => entry(name, up)),
    ];
  }

  private async ask<T>(name: string, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      this.logger.warn({ err: asError(error), asked: name }, 'a service did not answer');
      return undefined;
    }
  }
}
