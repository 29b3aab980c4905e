import type { ChatRequest, ContentPart } from '@midplane/contracts';
import { estimateTokens } from '@midplane/kernel';

/** Tokens that a message costs beside its text. */
const MESSAGE_OVERHEAD = 8;
/** What a picture is counted as; providers count 85 to about 1,600. */
const IMAGE_TOKENS = 1_600;

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
