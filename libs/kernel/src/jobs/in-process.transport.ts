import { asError } from '../errors/errors.js';
import type { Logger } from '../telemetry/logger.js';
import type { JobTransport, JobWorkerPort } from './job-transport.port.js';

export interface InProcessTransportOptions {
  /** How often jobs are looked for that nobody announced (retries, other processes' jobs). Default 1,000. */
  pollMs?: number;
}

/** Claims straight from Postgres: when a transaction of this process has queued a job, and at intervals. */
export class InProcessTransport implements JobTransport {
  private readonly loops = new Map<string, ServiceLoop>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly logger: Logger,
    private readonly options: InProcessTransportOptions = {},
  ) {}

  async start(worker: JobWorkerPort): Promise<void> {
    for (const service of worker.services)
      this.loops.set(service, new ServiceLoop(service, worker, this.logger));
    const pokeAll = () => this.loops.forEach((loop) => loop.poke());
    this.timer = setInterval(pokeAll, this.options.pollMs ?? 1_000);
    pokeAll();
  }

  poke(service: string): void {
    this.loops.get(service)?.poke();
  }

  async stopTaking(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all([...this.loops.values()].map((loop) => loop.stop()));
  }

  async check(): Promise<void> {}

  async close(): Promise<void> {}
}

/** Keeps the slots of one service full. */
class ServiceLoop {
  private running = 0;
  private stopped = false;
  private poked = false;
  private filling = false;
  private filled: Promise<void> = Promise.resolve();

  constructor(
    private readonly service: string,
    private readonly worker: JobWorkerPort,
    private readonly logger: Logger,
  ) {}

  poke(): void {
    this.poked = true;
    if (!this.filling) this.filled = this.fill();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.filled;
  }

  /** Ends in the same tick in which it has seen that nobody poked, so that no poke is missed. */
  private async fill(): Promise<void> {
    this.filling = true;
    try {
      while (this.poked && !this.stopped) {
        this.poked = false;
        while (this.running < this.worker.concurrency && !this.stopped) {
          const job = await this.worker.claimNext(this.service);
          if (!job) break;
          this.running++;
          void this.worker.run(job).finally(() => {
            this.running--;
            this.poke();
          });
        }
      }
    } catch (error) {
      this.logger.warn({ service: this.service, err: asError(error) }, 'jobs cannot be claimed now');
    } finally {
      this.filling = false;
    }
  }
}
