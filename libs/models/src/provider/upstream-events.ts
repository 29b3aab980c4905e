import type { UpstreamEvent } from './chat-provider.port.js';

/** What came of an answer at once. Pieces of one text that came together are one piece. */
export class UpstreamEvents {
  readonly list: UpstreamEvent[] = [];

  add(event: UpstreamEvent): void {
    const last = this.list.at(-1);
    if (last?.type === 'text' && event.type === 'text') last.text += event.text;
    else if (last?.type === 'reasoning' && event.type === 'reasoning') last.text += event.text;
    else if (last?.type !== 'alive' || event.type !== 'alive') this.list.push(event);
  }
}

/** Reads the data of one event, and says whether it ends the answer. */
type ReadEvent = (data: string, events: UpstreamEvents) => boolean;

/**
 * The events of an answer, batch by batch. What the data of an event is refused for is thrown after what came before it.
 * No generator: a stream's every piece goes through here.
 */
export class EventBatches implements AsyncIterableIterator<UpstreamEvent[], void> {
  private ended = false;
  private failure: { error: unknown } | undefined;

  constructor(
    private readonly batches: AsyncIterator<string[], void>,
    private readonly read: ReadEvent,
  ) {}

  async next(): Promise<IteratorResult<UpstreamEvent[], void>> {
    for (;;) {
      if (this.failure) throw this.failure.error;
      const batch = this.ended ? END : await this.batches.next();
      if (batch.done) return END;
      const events = new UpstreamEvents();
      try {
        this.ended = batch.value.some((data) => this.read(data, events));
      } catch (error) {
        this.failure = { error };
      }
      if (events.list.length > 0) return { done: false, value: events.list };
    }
  }

  async return(): Promise<IteratorResult<UpstreamEvent[], void>> {
    await this.batches.return?.();
    return END;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const END = { done: true, value: undefined } as const;
