/** Seconds that one step of Whisper's timestamps stands for. */
const STEP = 0.02;

/** A piece of what was said, by its tokens. */
export interface TokenSegment {
  /** Seconds from the window's beginning. */
  start: number;
  end: number;
  tokens: number[];
}

/** What Whisper wrote about a window. */
export interface TokenSegments {
  segments: TokenSegment[];
  /** Seconds up to which the window is done; what lies behind was begun and not ended, and is to be read again. */
  done: number;
}

/**
 * Takes apart what Whisper writes: `<|0.00|> text <|2.40|><|2.40|> text <|5.00|>`. As in OpenAI's own (transcribe.py):
 * where the last piece has no end, the window is done up to the last end; without any end, or with a single timestamp
 * behind the last piece, it is all done.
 * @param tokens without the prompt and the token of the end
 * @param timestampBegin the token of 0.00 seconds; all higher ones are timestamps
 * @param seconds length of the window
 */
export function readTimestamps(
  tokens: readonly number[],
  timestampBegin: number,
  seconds: number,
): TokenSegments {
  const segments: TokenSegment[] = [];
  let start = 0;
  let text: number[] = [];
  for (const token of tokens) {
    if (token < timestampBegin) {
      text.push(token);
      continue;
    }
    const time = Math.min((token - timestampBegin) * STEP, seconds);
    if (text.length > 0) segments.push({ start, end: Math.max(start, time), tokens: text });
    start = time;
    text = [];
  }
  const lastEnd = segments.at(-1)?.end ?? 0;
  if (text.length > 0 && lastEnd > 0) return { segments, done: lastEnd };
  if (text.length > 0) segments.push({ start, end: seconds, tokens: text });
  const pairAtTheEnd = tokens.length > 1 && tokens.slice(-2).every((token) => token >= timestampBegin);
  return { segments, done: pairAtTheEnd && lastEnd > 0 ? lastEnd : seconds };
}
