import { contentWords } from '../text/words.js';

const AUXILIARY =
  '(?:is|are|was|were|do|does|did|can|could|will|would|should|shall|may|might|must|has|have|had)';
const SUBJECT = '(?:i|you|he|she|it|we|they|there|this|that|these|those|the|an?|my|our|your|all|any|every)';
/** "what the limit is": no question of its own, but part of another. */
const NOUN_FOLLOWS = '(?:i|you|he|she|it|we|they|the|an?|my|our|your)\\b';
const FRONT = '(?:(?:in|on|at|for|to|from|by|with|under|during|of|after|before|since|until)\\s+)?';
/** The beginning of a direct question: "how many", "in which year", "is there"; not "when it is due". */
const QUESTION = `(?:(?:when|where|why)\\s+(?:${AUXILIARY}(?:n['’]?t)?\\b|to\\b)|${FRONT}how\\s+(?!${NOUN_FOLLOWS})\\p{L}|${FRONT}(?:what|which|who|whom|whose)\\s+(?!${NOUN_FOLLOWS})\\p{L}|${AUXILIARY}\\s+${SUBJECT}\\b)`;

/** Between two sentences, at a semicolon, or before "and how …": each time with a direct question behind it. */
const BETWEEN = new RegExp(
  `(?<=[?？])\\s+(?=\\S)|\\s*[;；]\\s*(?:(?:and|also|or)\\s+)?(?=${QUESTION})|\\s*,?\\s+(?:and also|as well as|and|also|but|plus)\\s+(?:then\\s+)?(?=${QUESTION})`,
  'giu',
);
const ASKS = new RegExp(`(?:^|\\b(?:me|explain|describe|know|,)\\s+)${QUESTION}|[?？]\\s*$`, 'iu');
/** What joins two of a kind: neither alone can be searched. */
const JOINED =
  /\b(?:between|both|either|neither|whether|versus|vs|compare|difference)\b(?!.*\b(?:and|or|nor)\b)/iu;
/** "when and where": the question word before belongs to what follows. */
const ENDS_OPEN = /\b(?:what|when|where|why|who|whom|which|how|and|or)$/iu;

/**
 * Cuts an English question where a second question of its own begins.
 * @returns the pieces in order; the question as it is where there is only one
 */
export function englishClauses(question: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const match of question.matchAll(BETWEEN)) {
    const before = question.slice(from, match.index).trim();
    const after = question.slice(match.index + match[0].length);
    if (!isQuestion(before) || !saysSomething(after)) continue;
    pieces.push(closed(before));
    from = match.index + match[0].length;
  }
  pieces.push(question.slice(from).trim());
  return pieces;
}

const closed = (piece: string): string => (/[?？.!]$/u.test(piece) ? piece : `${piece.replace(/,$/u, '')}?`);

/** Whether a quotation has begun and not ended: its marks are not the question's. */
const quoteOpen = (piece: string): boolean =>
  (piece.match(/["“”]/gu)?.length ?? 0) % 2 === 1 || /\([^)]*$/u.test(piece);

/** A whole question that may stand alone. */
function isQuestion(piece: string): boolean {
  if (ENDS_OPEN.test(piece) || quoteOpen(piece) || contentWords(piece).length === 0) return false;
  // A sentence that has ended is whole, whatever joins words in it.
  if (/[?？]$/u.test(piece)) return true;
  return ASKS.test(piece) && !JOINED.test(piece);
}

/** "and when?", "and by whom?" alone say nothing that could be searched. */
const saysSomething = (piece: string): boolean => contentWords(piece).length > 0;
