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

/**
 * Reads an answer's events, batch by batch.
 * @param read reads the data of one event, and says whether it ends the answer
 * @throws what `read` throws, after what came before it
 */
export async function* readBatches(
  batches: AsyncIterable<string[]>,
  read: (data: string, events: UpstreamEvents) => boolean,
): AsyncGenerator<UpstreamEvent[], void> {
  for await (const batch of batches) {
    const events = new UpstreamEvents();
    let end = false;
    let failure: { error: unknown } | undefined;
    try {
      end = batch.some((data) => read(data, events));
    } catch (error) {
      failure = { error };
    }
    if (events.list.length > 0) yield events.list;
    if (failure) throw failure.error;
    if (end) return;
  }
}
