import type { ChatRequest, ContentPart } from '@midplane/contracts';

/** Tokens that a message costs beside its text. */
const MESSAGE_OVERHEAD = 8;
/** What a picture is counted as; providers count 85 to about 1,600. */
const IMAGE_TOKENS = 1_600;

/** From here on scripts are written without spaces (CJK radicals, kana, Han, Hangul). */
const FIRST_CJK = 0x2e80;

/**
 * A count of tokens that rather errs on the high side: a Chinese character is about one, other text about one for
 * three characters. The endpoint's tokenizer is not known.
 */
export function estimateTokens(text: string): number {
  let cjk = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= FIRST_CJK) cjk++;
  return Math.ceil(cjk + (text.length - cjk) / 3);
}

/** @returns the tokens of a request's prompt, erring on the high side */
export function estimatePrompt({ messages, tools, responseFormat }: ChatRequest): number {
  let tokens = 0;
  for (const message of messages) {
    tokens += MESSAGE_OVERHEAD + contentTokens(message.content);
    if (message.role === 'assistant' && message.toolCalls)
      tokens += estimateTokens(JSON.stringify(message.toolCalls));
  }
  if (tools) tokens += estimateTokens(JSON.stringify(tools));
  if (responseFormat?.type === 'schema') tokens += estimateTokens(JSON.stringify(responseFormat.schema));
  return tokens;
}

function contentTokens(content: string | ContentPart[]): number {
  if (typeof content === 'string') return estimateTokens(content);
  return content.reduce(
    (sum, part) => sum + (part.type === 'text' ? estimateTokens(part.text) : IMAGE_TOKENS),
    0,
  );
}
