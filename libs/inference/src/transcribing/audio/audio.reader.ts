import { Thread, UserError } from '@midplane/kernel';
import type { AudioMessage, AudioReply, AudioWorkerData } from './audio.worker.js';
import type { AudioWindow } from './windows.js';

type AudioThread = Thread<AudioMessage, AudioReply>;

/** The thread's decoders hold some 30 MB: it ends so long after the last file, in ms. */
const IDLE_MS = 60_000;

/** Files that are read at once: each is held in memory as it came. */
const MOST_OPEN = 32;

/** How problems name what decodes. */
const NAME = 'audio';

/** Decodes files of sound in a thread of its own. Of the sound, a window at a time is in memory. */
export class AudioReader {
  readonly #longestSeconds: number;
  readonly #idleMs: number;
  #thread: AudioThread | undefined;
  #idle: NodeJS.Timeout | undefined;
  #open = 0;
  #lastId = 0;

  /**
   * @param longestSeconds longer sound is refused
   * @param idleMs how long the thread is kept while no file is open
   */
  constructor(longestSeconds: number, idleMs = IDLE_MS) {
    this.#longestSeconds = longestSeconds;
    this.#idleMs = idleMs;
  }

  /** Whether the thread is there, and so holds memory. */
  get running(): boolean {
    return this.#thread?.running ?? false;
  }

  /**
   * Reads the windows of a file in which there is something to hear, each as it is asked for, however late. Ending the
   * iteration closes the file.
   * @returns as the generator's result, the seconds of the whole sound
   * @throws UserError AUDIO_UNREADABLE, AUDIO_TOO_LONG, MODEL_OVERLOADED where too many are being read, MODEL_UNAVAILABLE
   */
  async *windows(audio: Blob): AsyncGenerator<AudioWindow, number> {
    if (this.#open >= MOST_OPEN) throw new UserError('MODEL_OVERLOADED', { model: NAME });
    this.#open += 1;
    clearTimeout(this.#idle);
    const thread = (this.#thread ??= this.#start());
    const id = ++this.#lastId;
    try {
      const bytes = new Uint8Array(await audio.arrayBuffer());
      await this.#ask(thread, { open: id, bytes }, [bytes.buffer]);
      for (;;) {
        const reply = await this.#ask(thread, { next: id });
        if ('end' in reply) return reply.end;
        if ('window' in reply) yield reply.window;
      }
    } finally {
      // A thread that has died has nothing open any more.
      if (thread.running) await this.#ask(thread, { close: id }).catch(() => undefined);
      this.#open -= 1;
      if (this.#open === 0) this.#rest();
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#thread?.close();
  }

  #start(): AudioThread {
    const data: AudioWorkerData = { longestSeconds: this.#longestSeconds };
    return new Thread(import.meta.url, 'audio', data);
  }

  #rest(): void {
    this.#idle = setTimeout(() => {
      // A file that comes while it ends gets a new one.
      void this.#thread?.close();
      this.#thread = undefined;
    }, this.#idleMs).unref();
  }

  async #ask(thread: AudioThread, message: AudioMessage, transfer: ArrayBuffer[] = []): Promise<AudioReply> {
    const reply = await thread.request(message, transfer).catch((error: unknown) => {
      const reason = (error as Error).message;
      throw new UserError('MODEL_UNAVAILABLE', { model: NAME, reason }, { cause: error });
    });
    if ('refused' in reply) throw unreadable(reply.refused);
    if ('tooLong' in reply) throw new UserError('AUDIO_TOO_LONG', { minutes: this.#longestSeconds / 60 });
    return reply;
  }
}

/** @returns AUDIO_UNREADABLE with the reason in both languages */
export const unreadable = ({ en, zh }: Record<'en' | 'zh', string>): UserError =>
  new UserError('AUDIO_UNREADABLE', { field: 'file', detail: en, detailZh: zh });
