import type { OcrLine } from '@midplane/contracts';
import { invalidInput, UserError } from '@midplane/kernel';
import { Thread, ThreadDiedError } from '../scheduling/thread.js';
import type { OcrAnswer, OcrWorkerData } from './ocr.worker.js';

export interface OcrOptions {
  /** A larger picture is refused. */
  maxPixels: number;
  /** Threads that one inference uses. */
  threads: number;
}

/** Pictures that may wait: each is held in memory. */
const QUEUE_LIMIT = 64;

/** How problems name what reads pictures. */
const MODEL = 'PP-OCRv4';

/** Reads pictures, one after the other, in a worker thread that starts with the first one. */
export class OcrReader {
  readonly #thread: Thread<Uint8Array, OcrAnswer>;
  /** Settles once the picture before has been read. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: OcrOptions) {
    this.#thread = new Thread(import.meta.url, 'ocr', options satisfies OcrWorkerData);
  }

  /** Pictures being read or waiting to be. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * @param image PNG or JPEG
   * @param signal a picture that waits is not read any more; one that is being read is read to its end
   * @returns its lines, top to bottom; empty where there is no text
   * @throws UserError INVALID_INPUT for a picture that can't be read, MODEL_OVERLOADED where too many wait,
   *   MODEL_UNAVAILABLE where reading fails
   */
  async read(image: Blob, signal?: AbortSignal): Promise<OcrLine[]> {
    if (this.#waiting >= QUEUE_LIMIT) throw new UserError('MODEL_OVERLOADED', { model: MODEL });
    this.#waiting += 1;
    const turn = this.#last;
    const reading = turn.then(async () => {
      signal?.throwIfAborted();
      return this.#ask(new Uint8Array(await image.arrayBuffer()));
    });
    this.#last = reading.catch(() => undefined).finally(() => (this.#waiting -= 1));
    const answer = await abortable(reading, signal);
    if ('refused' in answer) throw invalidInput('image', answer.refused);
    return answer.lines;
  }

  /** Ends the thread and frees its memory, once what waits has been read. */
  async close(): Promise<void> {
    await this.#last;
    await this.#thread.close();
  }

  /** Asks once more where the thread died: one crash is bad luck, two are the picture. */
  async #ask(bytes: Uint8Array): Promise<OcrAnswer> {
    try {
      return await this.#thread.request(bytes).catch((error: unknown) => {
        if (error instanceof ThreadDiedError) return this.#thread.request(bytes);
        throw error;
      });
    } catch (error) {
      const reason = (error as Error).message;
      throw new UserError('MODEL_UNAVAILABLE', { model: MODEL, reason }, { cause: error });
    }
  }
}

/** Rejects as soon as the signal aborts; the work itself goes on. */
function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
