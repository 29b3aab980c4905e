import type { PreTrainedTokenizer } from '@huggingface/transformers';
import type { Encoded } from '../models/batches.js';

/** Characters that a token stands for at the very most: what lies further behind is never looked at. */
const CHARACTERS_PER_TOKEN = 32;
/** Nor is what lies behind so many: the tokenizer overflows the stack at some 200,000. */
const LONGEST_TEXT = 100_000;

/**
 * Prepares a question for being read together with texts. Where it alone would take more than half of what the model
 * takes, it is cut.
 * @param maxTokens what the model takes, special tokens included
 * @returns encodes the question with a text, which is cut at its end where both are too long. The tokenizer's own
 *   truncation would take the separator behind the text too, which no model has learnt to do without
 */
export function pairEncoder(
  tokenizer: PreTrainedTokenizer,
  query: string,
  maxTokens: number,
): (text: string) => Encoded {
  const question = fitQuery(tokenizer, query, Math.floor(maxTokens / 2));
  const encode = (text: string): Encoded =>
    // The kinds of token are always asked for: a model that has no such input is not given them.
    tokenizer(question, { text_pair: text, return_token_type_ids: true }) as unknown as Encoded;
  const around = encode('').input_ids.size;
  return (text) => {
    let piece = text.slice(0, longest(maxTokens));
    let pair = encode(piece);
    while (pair.input_ids.size > maxTokens && piece !== '') {
      piece = cut(piece, pair.input_ids.size - around, maxTokens - around);
      pair = encode(piece);
    }
    return pair;
  };
}

function fitQuery(tokenizer: PreTrainedTokenizer, query: string, room: number): string {
  let piece = query.slice(0, longest(room));
  for (;;) {
    const tokens = tokenizer.encode(piece, { add_special_tokens: false }).length;
    if (tokens <= room) return piece;
    piece = cut(piece, tokens, room);
  }
}

const longest = (tokens: number): number => Math.min(LONGEST_TEXT, tokens * CHARACTERS_PER_TOKEN);

/** Cuts a text at its end to about so many tokens, by its own ratio of characters to tokens, and by one at least. */
function cut(text: string, tokens: number, room: number): string {
  const fitting = Math.floor((text.length * Math.max(0, room)) / tokens);
  return text.slice(0, Math.min(text.length - 1, fitting));
}
