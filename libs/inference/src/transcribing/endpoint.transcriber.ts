import { createHash } from 'node:crypto';
import type { Transcript, TranscribeModel, Urgency } from '@midplane/contracts';
import { EndpointClient, unavailable } from '../endpoint/endpoint.client.js';
import { LoadMeter, type ModelLoad } from '../scheduling/model-load.js';
import { Scheduler } from '../scheduling/scheduler.js';
import { unreadable } from './audio/audio.reader.js';
import { type AudioType, audioTypeOf } from './audio/audio-type.js';
import { languageCode } from './languages.js';
import {
  type AnswerFormat,
  AudioRefusedError,
  FormatRefusedError,
  readRefusal,
  readTranscript,
  transcriptionsRequest,
  transcriptionsUrl,
} from './transcriptions.protocol.js';
import type { Transcriber, TranscribeOptions } from './transcriber.port.js';

export interface TranscribeEndpointOptions {
  /** What stands before `/audio/transcriptions`; a host alone is enough. */
  baseUrl: string;
  /** The server's name of the model. */
  model: string;
  apiKey?: string | undefined;
  /** Requests at once. */
  concurrency: number;
  /** Longest wait for one answer, in milliseconds. */
  timeoutMs: number;
}

/** Attempts at one request: a file is large, and somebody waits for an interactive one. */
const ATTEMPTS: Record<Urgency, number> = { interactive: 2, bulk: 3 };

/** Files that may wait: each is held in memory. */
const QUEUE_LIMIT = 32;

/** Transcribes by a server that speaks OpenAI's protocol. The file goes there as it came. */
export class EndpointTranscriber implements Transcriber {
  readonly #options: TranscribeEndpointOptions;
  readonly #client: EndpointClient;
  readonly #scheduler: Scheduler<number>;
  readonly #meter = new LoadMeter();
  #format: AnswerFormat = 'verbose_json';

  constructor(options: TranscribeEndpointOptions) {
    this.#options = options;
    this.#client = new EndpointClient({
      ...options,
      url: transcriptionsUrl(options.baseUrl),
      check: { key: 'TRANSCRIBE_API_KEY', path: 'TRANSCRIBE_BASE_URL and TRANSCRIBE_MODEL' },
      refusal: readRefusal,
    });
    const slots = Array.from({ length: options.concurrency }, (_, slot) => slot);
    this.#scheduler = new Scheduler(slots, QUEUE_LIMIT, options.model);
  }

  /** Another server or another model name may mean another text; a key does not. */
  describe(): TranscribeModel {
    const { baseUrl, model } = this.#options;
    const { host, pathname } = new URL(transcriptionsUrl(baseUrl));
    const hash = createHash('sha256').update(JSON.stringify([host, pathname, model]));
    return { name: model, revision: hash.digest('hex').slice(0, 16) };
  }

  async transcribe(audio: Blob, options: TranscribeOptions): Promise<Transcript> {
    const { model } = this.#options;
    const { signal, urgency } = options;
    const type = audioTypeOf(new Uint8Array(await audio.slice(0, 16).arrayBuffer()));
    if (!type) throw unreadable(UNKNOWN);
    try {
      const [transcript] = await this.#scheduler.submit({
        items: [audio],
        priority: urgency,
        signal,
        task: {
          packet: { items: 1, weight: 1 },
          weigh: () => 1,
          run: async () => [await this.#meter.count(1, this.#ask(audio, type, options))],
        },
      });
      return withoutTokens(transcript!);
    } catch (error) {
      if (error instanceof AudioRefusedError)
        throw unreadable({ en: `${model}: ${error.message}`, zh: `${model}：模型服务无法读取该音频` });
      throw unavailable(model, error);
    }
  }

  load(): ModelLoad {
    return this.#meter.load(this.#scheduler);
  }

  close(): Promise<void> {
    return this.#scheduler.drained();
  }

  /** Asks for the text alone where the server gives no times, and remembers it. */
  async #ask(
    audio: Blob,
    type: AudioType,
    options: TranscribeOptions,
  ): Promise<Transcript & { tokens: number }> {
    const { signal, urgency } = options;
    const format = this.#format;
    const language = options.language && (languageCode(options.language) ?? options.language);
    try {
      return await this.#client.post(
        transcriptionsRequest(this.#options.model, audio, type, format, { ...options, language }),
        readTranscript,
        {
          attempts: ATTEMPTS[urgency],
          patienceMs: urgency === 'interactive' ? this.#options.timeoutMs : undefined,
          signal,
        },
      );
    } catch (error) {
      if (!(error instanceof FormatRefusedError) || format === 'json') throw error;
      this.#format = 'json';
      return this.#ask(audio, type, options);
    }
  }
}

const UNKNOWN = { en: 'the content is no sound that is known here', zh: '内容不是可识别的音频' };

const withoutTokens = ({ text, language, seconds, segments }: Transcript): Transcript => ({
  text,
  language,
  seconds,
  segments,
});
