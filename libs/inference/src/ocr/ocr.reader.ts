import type { OcrLine } from '@midplane/contracts';
import { askTwice, invalidInput, Thread, UserError } from '@midplane/kernel';
import { LoadMeter, type ModelLoad } from '../scheduling/model-load.js';
import { Scheduler } from '../scheduling/scheduler.js';
import type { OcrAnswer, OcrWorkerData } from './ocr.worker.js';

export interface OcrOptions {
  /** A larger picture is refused. */
  maxPixels: number;
  /** Threads that one inference uses. */
  threads: number;
  /** How long the thread is kept after the last picture, in ms. Default: a minute. */
  idleMs?: number;
}

/** The models load in half a second, and what they hold is 200 MB: scans come in batches, with hours in between. */
const IDLE_MS = 60_000;

/** Pictures that may wait: each is held in memory. */
const QUEUE_LIMIT = 64;

/** How problems name what reads pictures. */
const MODEL = 'PP-OCRv4';

/** Reads pictures, one after the other, in a worker thread that is there while there are some. */
export class OcrReader {
  readonly #thread: Thread<Uint8Array, OcrAnswer>;
  readonly #scheduler: Scheduler<Thread<Uint8Array, OcrAnswer>>;
  readonly #meter = new LoadMeter();

  constructor({ maxPixels, threads, idleMs = IDLE_MS }: OcrOptions) {
    const data: OcrWorkerData = { maxPixels, threads };
    this.#thread = new Thread(import.meta.url, 'ocr', data, idleMs);
    this.#scheduler = new Scheduler([this.#thread], QUEUE_LIMIT, MODEL);
  }

  /** Whether the models are in memory. */
  get loaded(): boolean {
    return this.#thread.running;
  }

  /** Its texts are pictures; tokens it has none. */
  load(): ModelLoad {
    return this.#meter.load(this.#scheduler);
  }

  /**
   * @param image PNG or JPEG
   * @param signal takes the picture out of the queue; one that is being read is read to its end
   * @returns its lines, top to bottom; empty where there is no text
   * @throws UserError INVALID_INPUT for a picture that can't be read, MODEL_OVERLOADED where too many wait,
   *   MODEL_UNAVAILABLE where reading fails
   */
  async read(image: Blob, signal?: AbortSignal): Promise<OcrLine[]> {
    const [answer] = await this.#submit(image, signal);
    if ('refused' in answer!) throw invalidInput('image', answer.refused);
    return answer!.lines;
  }

  /** Ends the thread and frees its memory, once what waits has been read. */
  async close(): Promise<void> {
    await this.#scheduler.drained();
    await this.#thread.close();
  }

  async #submit(image: Blob, signal: AbortSignal | undefined): Promise<OcrAnswer[]> {
    try {
      return await this.#scheduler.submit({
        items: [image],
        priority: 'bulk',
        task: {
          packet: { items: 1, weight: 1 },
          weigh: () => 1,
          run: async (thread) => [await this.#ask(thread, image)],
        },
        signal,
      });
    } catch (error) {
      if (signal?.aborted || error instanceof UserError) throw error;
      const reason = (error as Error).message;
      throw new UserError('MODEL_UNAVAILABLE', { model: MODEL, reason }, { cause: error });
    }
  }

  async #ask(thread: Thread<Uint8Array, OcrAnswer>, image: Blob): Promise<OcrAnswer> {
    const bytes = new Uint8Array(await image.arrayBuffer());
    const reading = askTwice(thread, bytes).then((answer) => ({ answer, tokens: 0 }));
    return (await this.#meter.count(1, reading)).answer;
  }
}
