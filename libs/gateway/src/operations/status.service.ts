import { Inject, Injectable } from '@nestjs/common';
import { DocumentStatus } from '@midplane/contracts';
import { asError, Jobs, LOGGER, type Logger, type ServiceClient, ServiceRegistry } from '@midplane/kernel';
import { type PlatformStatus, ServiceState } from './operations.types.js';
import { VERSION } from '../version.js';

/** Gathers how the platform does, for one tenant. A service that doesn't answer is a line, not a failure. */
@Injectable()
export class StatusService {
  private readonly ingest: ServiceClient<'ingest'>;
  private readonly inference: ServiceClient<'inference'>;
  private readonly sessions: ServiceClient<'sessions'>;

  constructor(
    services: ServiceRegistry,
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.ingest = services.client('ingest');
    this.inference = services.client('inference');
    this.sessions = services.client('sessions');
  }

  async status(): Promise<PlatformStatus> {
    const [ingest, inference, sessions, failedJobs, queues] = await Promise.all([
      this.ask('ingest', () => this.ingest.status()),
      this.ask('inference', () => this.inference.embeddingModels()),
      this.ask('sessions', () => this.sessions.conversations({ first: 1 })),
      this.jobs.deadJobs({ first: 1 }),
      this.jobs.queues(),
    ]);
    const counts = ingest.answer?.documents ?? {};
    return {
      version: VERSION,
      documents: DocumentStatus.options.map((status) => ({ status, count: counts[status] ?? 0 })),
      failedJobCount: failedJobs.totalCount,
      storedBytes: ingest.answer?.storedBytes ?? 0,
      queues,
      services: [ingest, inference, sessions].map(({ name, answer }) => ({
        name,
        state: answer ? ServiceState.UP : ServiceState.DOWN,
      })),
      embedders: inference.answer ?? [],
    };
  }

  private async ask<T>(name: string, call: () => Promise<T>): Promise<{ name: string; answer?: T }> {
    try {
      return { name, answer: await call() };
    } catch (error) {
      this.logger.warn({ err: asError(error), asked: name }, 'a service did not answer');
      return { name };
    }
  }
}
