import type { TokenCounts } from '../embedding/embedder.port.js';

/** What a text may be short of its tokens by: a token has at least about one character, but for the special ones. */
const SPARE_TOKENS = 16;

/**
 * Cuts what is longer than a model takes: some servers refuse the whole request over one such text.
 * @param maxTokens what the model takes, with what is sent around each text
 * @param around characters that are sent around each text
 * @param count counts the tokens of texts that may be too long, and of what is sent around each
 */
export async function fitTexts(
  texts: readonly string[],
  maxTokens: number,
  around: number,
  count: (texts: readonly string[]) => Promise<TokenCounts>,
): Promise<readonly string[]> {
  const doubtful = texts.filter((text) => text.length + around > maxTokens - SPARE_TOKENS);
  if (doubtful.length === 0) return texts;
  const { counts, overhead } = await count(doubtful);
  const room = Math.max(1, maxTokens - overhead);
  const cut = new Map(
    doubtful.map((text, i) => {
      const tokens = counts[i] as number;
      return [text, tokens <= room ? text : text.slice(0, Math.floor((text.length * room) / tokens))];
    }),
  );
  return texts.map((text) => cut.get(text) ?? text);
}
