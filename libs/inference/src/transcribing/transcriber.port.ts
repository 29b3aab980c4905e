import type { Transcript, TranscribeModel, Urgency } from '@midplane/contracts';
import type { ModelLoad } from '../scheduling/model-load.js';

export interface TranscribeOptions {
  /** What is spoken, as a code such as `zh`. Default: the model finds out. */
  language?: string | undefined;
  /** Words that are likely to come, or the text before: names are then spelt as they are here. */
  prompt?: string | undefined;
  /** 0 takes the likeliest words; the higher, the more is left to chance. From 0 to 1, default 0. */
  temperature?: number | undefined;
  /** `interactive` sound goes before `bulk` sound that waits already. */
  urgency: Urgency;
  /** Stops before the next stretch of sound; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Writes down what is spoken. Which one serves: with TRANSCRIBE_BASE_URL set and no other model asked for,
 * `EndpointTranscriber`; otherwise `SpeechTranscriber`, which runs the weights in this process's worker threads.
 */
export interface Transcriber {
  describe(): TranscribeModel;

  /**
   * @param audio WAV, MP3, M4A, WebM, Ogg or FLAC
   * @throws UserError AUDIO_UNREADABLE, AUDIO_TOO_LONG, INVALID_INPUT for a language that the model does not know,
   *   MODEL_OVERLOADED where too much waits, MODEL_UNAVAILABLE where the model can't answer
   */
  transcribe(audio: Blob, options: TranscribeOptions): Promise<Transcript>;

  load(): ModelLoad;

  /** Lets what is queued finish, then frees threads and memory. */
  close(): Promise<void>;
}
