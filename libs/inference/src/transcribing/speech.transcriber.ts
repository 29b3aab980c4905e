import type { Transcript, TranscribeModel } from '@midplane/contracts';
import { invalidInput, type Thread } from '@midplane/kernel';
import type { LocalSpeechModel } from '../models/local-model.js';
import { LoadMeter, type ModelLoad } from '../scheduling/model-load.js';
import { ModelThreads, type ThreadsOptions } from '../scheduling/model-threads.js';
import type { Task } from '../scheduling/scheduler.js';
import type { AudioReader } from './audio/audio.reader.js';
import { languageCode } from './languages.js';
import type { SpeechResult, SpeechTask, SpokenSegment } from './speech-model.js';
import type { SpeechReply, SpeechWorkerData } from './speech.worker.js';
import type { Transcriber, TranscribeOptions } from './transcriber.port.js';

/** Runs one speech model of a folder in worker threads. Nothing is loaded before the first sound. */
export class SpeechTranscriber implements Transcriber {
  readonly #description: TranscribeModel;
  readonly #threads: ModelThreads<SpeechTask, SpeechReply>;
  readonly #reader: AudioReader;
  /** A window fills the decoder, on any device: none shares its run with another. */
  readonly #writing: Task<Thread<SpeechTask, SpeechReply>, SpeechTask, SpeechResult> = {
    packet: { items: 1, weight: 1 },
    weigh: () => 1,
    run: async (thread, [window]) => [await this.#write(thread, window!)],
  };
  readonly #meter = new LoadMeter();

  constructor({ folder, card, description }: LocalSpeechModel, reader: AudioReader, options: ThreadsOptions) {
    const { threads, device } = options;
    const data: SpeechWorkerData = { folder, ...card, threads, device };
    this.#description = description;
    this.#reader = reader;
    this.#threads = new ModelThreads(description.name, import.meta.url, 'speech', data, options);
  }

  describe(): TranscribeModel {
    return this.#description;
  }

  /** Window after window, so that others' windows come in between; the first tells the language of all. */
  async transcribe(audio: Blob, options: TranscribeOptions): Promise<Transcript> {
    const { signal, urgency, prompt, temperature = 0 } = options;
    let language = options.language === undefined ? undefined : known(options.language);
    const segments: SpokenSegment[] = [];
    const windows = this.#reader.windows(audio);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const { value, done } = await windows.next();
        if (done) return transcript(segments, language, value);
        const window: SpeechTask = { samples: value.samples, language, prompt, temperature };
        const work = { task: this.#writing, items: [window], priority: urgency, signal };
        const [written] = await this.#threads.submit(work);
        language ??= written!.language ?? undefined;
        for (const { start, end, text } of written!.segments)
          segments.push({ start: value.start + start, end: value.start + end, text });
      }
    } finally {
      await windows.return(0);
    }
  }

  load(): ModelLoad {
    return this.#meter.load(this.#threads.scheduler);
  }

  close(): Promise<void> {
    return this.#threads.close();
  }

  async #write(thread: Thread<SpeechTask, SpeechReply>, task: SpeechTask): Promise<SpeechResult> {
    const asked = this.#threads.ask(thread, task).then((reply) => {
      if ('unknownLanguage' in reply) throw unknownLanguage();
      return reply;
    });
    return this.#meter.count(1, asked);
  }
}

/** @throws UserError INVALID_INPUT */
function known(language: string): string {
  const code = languageCode(language);
  if (code === undefined) throw unknownLanguage();
  return code;
}

const unknownLanguage = () =>
  invalidInput('language', {
    en: 'the model does not know this language; give a code such as en or zh, or leave it out',
    zh: '模型不支持该语言；请使用 en、zh 等语言代码，或去掉该参数',
  });

function transcript(
  spoken: readonly SpokenSegment[],
  language: string | undefined,
  seconds: number,
): Transcript {
  const segments = spoken.map(({ text, start, end }) => ({
    start: Math.min(start, seconds),
    end: Math.min(end, seconds),
    text: text.trim(),
  }));
  return {
    text: spoken
      .map(({ text }) => text)
      .join('')
      .trim(),
    language: language ?? null,
    seconds,
    segments: segments.filter(({ text }) => text !== ''),
  };
}
