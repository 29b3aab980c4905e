import { sentences } from '@midplane/kernel';
import { crossesScripts, detectLanguage } from '../text/language.js';
import { toSimplified } from '../text/simplified.js';
import { contentWords } from '../text/words.js';
import type { Passage } from '../answer/passage.js';
import { denies, namesIn, numbersIn } from './facts.js';

/** What the check of one claim against one passage found. */
export interface CheckResult {
  supported: boolean;
  /** The passage's sentence that carries the claim, or comes closest to it: verbatim. */
  quote: string;
  /** Why it is not supported, for the manifest. */
  reason?: 'numbers' | 'names' | 'negation' | 'meaning' | 'check-failed';
}

/** Vectors of texts, each of length 1, in their order. */
export type Embed = (texts: string[]) => Promise<Float32Array[]>;

/**
 * When a claim's words or meaning count as those of its passage. Chosen on XQuAD: a sentence's words meet those of a
 * neighbouring passage of the same article by .50 (en) or .44 (zh) at most 1 time in 100; its best cosine there is
 * above .86 (en) or .89 (zh) as rarely. Across languages the best cosine in its own, translated passage is above .81
 * 9 times in 10, in a neighbouring passage 4 times in 100, in another article's less than once in 100.
 */
export const CHECK_PARAMETERS = {
  /** Least share of the claim's content words that the passage or the question hold. */
  coverage: 0.55,
  /** Otherwise least cosine with a sentence of the passage, by the language of both. */
  cosine: { en: 0.86, zh: 0.89 },
  /** The same where claim and passage are in different languages. */
  cosineAcross: 0.81,
  /** Sentences so little behind the best one may carry the claim as well. */
  margin: 0.02,
  /** What the claim's numbers weigh in finding its sentence, beside words or cosine. */
  numbers: 0.3,
};

const P = CHECK_PARAMETERS;

/** No more sentences of a passage are compared: the longest are a chunk with its neighbours. */
const SENTENCE_LIMIT = 48;

/**
 * Checks a claim that took whole sentences over from a passage, as the extractive answerer does.
 * @param source the sentence, or table row, as it stands in the passage
 */
export function checkVerbatim(passage: Passage, source: string): CheckResult {
  const supported = squeeze(passage.text).includes(squeeze(source));
  return supported ? { supported, quote: source } : { supported, quote: source, reason: 'meaning' };
}

const squeeze = (text: string): string => text.replace(/\s+/gu, ' ').trim();

/**
 * Checks a model's claim against the passage that it cites: every number, date and name of it must be there (or
 * in the question), a denial must be a denial there, and its words or its meaning must be those of a sentence.
 * A check that fails is no support.
 * @param question whose words a claim may repeat
 */
export async function checkClaim(
  claim: string,
  passage: Passage,
  question: string,
  embed: Embed,
): Promise<CheckResult> {
  try {
    return await check(claim, passage, question, embed);
  } catch {
    return { supported: false, quote: firstSentence(passage), reason: 'check-failed' };
  }
}

async function check(claim: string, passage: Passage, question: string, embed: Embed): Promise<CheckResult> {
  const pieces = [passage.text, passage.context]
    .flatMap((text) => sentences(text).map((sentence) => sentence.text))
    .filter((text, i, all) => all.indexOf(text) === i)
    .slice(0, SENTENCE_LIMIT);
  if (pieces.length === 0) return { supported: false, quote: '', reason: 'meaning' };

  const words = new Set(contentWords(claim));
  const coverages = pieces.map((piece) => share(words, new Set(contentWords(piece))));
  const across = crossesScripts(claim, passage.text);
  let likeness = coverages;
  let held = share(words, new Set([...contentWords(passage.context), ...contentWords(question)]));
  let meant = !across && held >= P.coverage && Math.max(...coverages) > 0;
  if (!meant) {
    const [own, ...others] = await embed([claim, ...pieces]);
    likeness = others.map((vector) => dot(own!, vector));
    held = Math.max(...likeness);
    meant = held >= (across ? P.cosineAcross : P.cosine[detectLanguage(claim)]);
  }
  // Of sentences alike in words, the one with the claim's numbers carries it.
  const numbers = numbersIn(claim, true);
  const fit = likeness.map((like, i) => like + P.numbers * share(numbers, numbersIn(pieces[i]!, false)));
  const best = Math.max(...fit);
  const quote = pieces[fit.indexOf(best)]!;
  const refuse = (reason: CheckResult['reason']): CheckResult => ({ supported: false, quote, reason });

  const known = numbersIn(`${passage.context}\n${question}`, false);
  if ([...numbers].some((number) => !known.has(number))) return refuse('numbers');
  if (!holdsNames(claim, passage, question)) return refuse('names');
  const close = pieces.filter((_, i) => fit[i]! >= best - P.margin);
  if (!close.some((piece) => denies(piece) === denies(claim))) return refuse('negation');
  return meant ? { supported: true, quote } : refuse('meaning');
}

/** A name can be looked for only where passage and claim would write it in the same script. */
function holdsNames(claim: string, passage: Passage, question: string): boolean {
  const written = detectLanguage(passage.context);
  const transcribed = detectLanguage(claim) === 'en' && written === 'zh';
  const { headings, documentTitle } = passage.hit;
  const text = toSimplified(
    [passage.context, ...headings, documentTitle, question].join('\n').normalize('NFKC'),
  ).toLowerCase();
  return namesIn(claim).every((name) => {
    const comparable = /^\p{Script=Latin}/u.test(name) ? !transcribed : written === 'zh';
    return !comparable || text.includes(name);
  });
}

function firstSentence(passage: Passage): string {
  return sentences(passage.text)[0]?.text ?? '';
}

function share(words: Set<string>, within: Set<string>): number {
  if (words.size === 0) return 0;
  let held = 0;
  for (const word of words) if (within.has(word)) held++;
  return held / words.size;
}

/** @returns the cosine of two vectors of length 1 */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
