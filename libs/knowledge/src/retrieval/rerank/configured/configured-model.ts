import { LOGGER, type Logger, type ServiceClient, ServiceRegistry } from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';

/** How long an answer of inference holds, in ms. Asking again keeps no search waiting. */
const REMEMBERED_MS = 60_000;
/** How long nobody asks again after a failure, in ms. */
const FAILURE_REMEMBERED_MS = 10_000;
/** How long the first search waits for the answer, in ms: inference may be fetching the model from a hub. */
const FIRST_WAIT_MS = 1000;
/** Longest wait for an answer that no search waits for, in ms. */
const ASKING_TIMEOUT_MS = 60_000;

/** Which reranker inference is configured with, asked of it and remembered: it may run in another process. */
@Injectable()
export class ConfiguredModel {
  private readonly inference: ServiceClient<'inference'>;
  /** Null: none. */
  private name: string | null = null;
  private askedUntil = 0;
  private asking: Promise<void> | undefined;
  private everAnswered = false;

  constructor(
    registry: ServiceRegistry,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.inference = registry.client('inference');
  }

  /** The model's name as far as it is known by now, null where there is none. */
  get known(): string | null {
    return this.name;
  }

  /** @returns the model's name, null where none is configured, or inference has not said yet */
  async find(): Promise<string | null> {
    if (Date.now() >= this.askedUntil) this.asking ??= this.ask().finally(() => (this.asking = undefined));
    if (!this.everAnswered && this.asking) await Promise.race([this.asking, patience()]);
    return this.name;
  }

  /** What was remembered has turned out wrong. */
  forget(): void {
    this.name = null;
    this.askedUntil = 0;
  }

  private async ask(): Promise<void> {
    try {
      // Not the signal of the search that happens to ask: others need the answer too.
      const signal = AbortSignal.timeout(ASKING_TIMEOUT_MS);
      const { configured } = await this.inference.rerankModels(undefined, { signal });
      this.name = configured?.name ?? null;
      this.askedUntil = Date.now() + REMEMBERED_MS;
    } catch (error) {
      this.askedUntil = Date.now() + FAILURE_REMEMBERED_MS;
      this.logger.warn({ err: error }, 'inference does not say which reranker it is configured with');
    }
    this.everAnswered = true;
  }
}

function patience(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, FIRST_WAIT_MS).unref());
}
