/** Runs one speech model of a folder in a worker thread, one window of sound at a time. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadReply, ThreadRequest } from '@midplane/kernel';
import { loadedOn, useFolder } from '../models/transformers-runtime.js';
import type { Device } from '../models/device.js';
import type { SpeechModelFolder } from '../models/speech-card.js';
import { moonshineModel } from './moonshine.js';
import type { SpeechModel, SpeechResult, SpeechTask } from './speech-model.js';
import { UnknownLanguageError } from './unknown-language.error.js';
import { whisperModel } from './whisper.js';

/** What the thread is started with. */
export interface SpeechWorkerData extends SpeechModelFolder {
  folder: string;
  device: Device;
  /** Threads that one inference may use. */
  threads: number;
}

/** What was said, or that the model does not know the language that was named. */
export type SpeechReply = SpeechResult | { unknownLanguage: true };

const { folder, family, dtypes, device, threads } = workerData as SpeechWorkerData;
const open = { whisper: whisperModel, moonshine: moonshineModel }[family];
const model: SpeechModel = open(useFolder(folder), loadedOn(device, dtypes, threads));

parentPort?.on('message', ({ id, message }: ThreadRequest<SpeechTask>) => {
  model.write(message).then(
    (result) => reply({ id, result }),
    (error: unknown) => {
      if (error instanceof UnknownLanguageError) reply({ id, result: { unknownLanguage: true } });
      else reply({ id, error: error instanceof Error ? error.message : String(error) });
    },
  );
});

function reply(answer: ThreadReply<SpeechReply>): void {
  parentPort?.postMessage(answer);
}
