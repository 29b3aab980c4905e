import { Redis } from 'ioredis';
import type { Logger } from '../telemetry/logger.js';

/** The connections to Redis of one part of a process, which come back by themselves and say once that they are gone. */
export class RedisConnections {
  private readonly open: Redis[] = [];
  private isReachable = true;
  private closed = false;

  /**
   * @param url of Redis
   * @param whenAway what stands in the log when it goes away
   */
  constructor(
    private readonly url: string,
    private readonly logger: Logger,
    private readonly whenAway: string,
  ) {}

  /** Whether Redis answered when it was last asked. */
  get reachable(): boolean {
    return this.isReachable;
  }

  /** @returns a connection whose commands fail at once while Redis is away */
  sender(): Redis {
    return this.connect({ enableOfflineQueue: false, maxRetriesPerRequest: 1 });
  }

  /** @returns a connection that waits for Redis to come back for as long as it takes, as workers and subscribers do */
  receiver(): Redis {
    return this.connect({ maxRetriesPerRequest: null });
  }

  /** One line when Redis goes away, not one for each try to reach it. For the error events of BullMQ's objects. */
  readonly failed = (error: Error): void => {
    if (this.isReachable && !this.closed) this.logger.warn({ err: error }, this.whenAway);
    this.isReachable = false;
  };

  close(): void {
    this.closed = true;
    for (const redis of this.open) redis.disconnect();
  }

  private connect(options: { enableOfflineQueue?: boolean; maxRetriesPerRequest: number | null }): Redis {
    const redis = new Redis(this.url, {
      ...options,
      retryStrategy: (times) => Math.min(times * 100, 2_000),
    });
    redis.on('error', this.failed);
    redis.on('ready', () => (this.isReachable = true));
    this.open.push(redis);
    return redis;
  }
}
