import type { Locale } from '@midplane/contracts';

/** A file that no speech can be taken from, and why, for the person who sent it. */
export class UnreadableAudioError extends Error {
  override readonly name = 'UnreadableAudioError';
  readonly texts: Record<Locale, string>;

  constructor(texts: Record<Locale, string>) {
    super(texts.en);
    this.texts = texts;
  }
}
