/** Decodes files in a worker thread, window by window, as each is asked for. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Locale } from '@midplane/contracts';
import type { ThreadReply, ThreadRequest } from '@midplane/kernel';
import { openAudio } from './audio-source.js';
import { secondsOf } from './resampler.js';
import { UnreadableAudioError } from './unreadable-audio.error.js';
import { type AudioWindow, speechWindows } from './windows.js';

/** What the thread is started with. */
export interface AudioWorkerData {
  /** Longest sound that is read, in seconds. */
  longestSeconds: number;
}

/** A file is opened, read to its end or closed before, under a number of its reader. */
export type AudioMessage = { open: number; bytes: Uint8Array } | { next: number } | { close: number };

/** A window, the end with all seconds that were read, or why the file can't be read on. */
export type AudioReply =
  | { window: AudioWindow }
  | { end: number }
  | { refused: Record<Locale, string> }
  | { tooLong: true }
  | { done: true };

/** A file on its way. */
interface Open {
  windows: AsyncGenerator<AudioWindow>;
  /** What has been read of it. */
  samples: number;
}

class TooLongError extends Error {}

const { longestSeconds } = workerData as AudioWorkerData;
const files = new Map<number, Open>();

async function answer(message: AudioMessage): Promise<AudioReply> {
  if ('open' in message) {
    await open(message.open, message.bytes);
    return { done: true };
  }
  if ('close' in message) {
    await close(message.close);
    return { done: true };
  }
  const file = files.get(message.next);
  if (!file) throw new Error('the file is not open');
  const { value, done } = await file.windows.next();
  return done ? { end: secondsOf(file.samples) } : { window: value };
}

async function open(id: number, bytes: Uint8Array): Promise<void> {
  const source = await openAudio(bytes);
  const file: Open = { windows: speechWindows(counted(source.pieces)), samples: 0 };
  files.set(id, file);
  // What the container says is only a first look: what is read is counted too.
  if (source.seconds > longestSeconds) throw new TooLongError();

  async function* counted(pieces: AsyncIterable<Float32Array>): AsyncGenerator<Float32Array> {
    for await (const piece of pieces) {
      file.samples += piece.length;
      if (secondsOf(file.samples) > longestSeconds) throw new TooLongError();
      yield piece;
    }
  }
}

async function close(id: number): Promise<void> {
  const file = files.get(id);
  files.delete(id);
  await file?.windows.return(undefined);
}

function refusal(error: unknown): AudioReply {
  if (error instanceof UnreadableAudioError) return { refused: error.texts };
  if (error instanceof TooLongError) return { tooLong: true };
  throw error;
}

parentPort?.on('message', ({ id, message }: ThreadRequest<AudioMessage>) => {
  answer(message)
    .catch(refusal)
    .then(
      (result) => {
        const transfer = 'window' in result ? [result.window.samples.buffer as ArrayBuffer] : [];
        parentPort?.postMessage({ id, result } satisfies ThreadReply<AudioReply>, transfer);
      },
      (error: unknown) => {
        const text = error instanceof Error ? error.message : String(error);
        parentPort?.postMessage({ id, error: text } satisfies ThreadReply<AudioReply>);
      },
    );
});
