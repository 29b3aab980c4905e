/** A window of sound, and what is known about it. */
export interface SpeechTask {
  /** Mono, 16,000 samples per second, at most 30 seconds. */
  samples: Float32Array;
  /** Code of what is spoken; undefined: to be found out. */
  language?: string | undefined;
  prompt?: string | undefined;
  /** 0 to 1. */
  temperature: number;
}

/** A piece of what was said. */
export interface SpokenSegment {
  /** Seconds from the window's beginning. */
  start: number;
  end: number;
  /** As the model writes it: with the space in front that parts it from the piece before. */
  text: string;
}

export interface SpeechResult {
  segments: SpokenSegment[];
  /** Code of what is spoken; null where the model does not say. */
  language: string | null;
  /** Tokens that were written. */
  tokens: number;
}

/** A speech model of a folder, loaded at the first window. */
export interface SpeechModel {
  /** @throws UnknownLanguageError */
  write(task: SpeechTask): Promise<SpeechResult>;
}
