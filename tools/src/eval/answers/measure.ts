import type { AnswerView, QuestionTokens, SearchHit } from '@midplane/contracts';
import { type Kernel, shippedLexicon } from '@midplane/kernel';
import { judge, type Judgement, numberPassages, type Passage } from '@midplane/sessions';
import type { Asked, Gold } from './asked.js';
import type { Run } from './runs.js';

/** A question with what its passages were judged to be worth. */
export interface Judged extends Omit<Judgement, 'scored'> {
  question: string;
  tokens: QuestionTokens | undefined;
  article: number;
  passages: readonly Passage[];
  answer: Gold;
  /** Whether each candidate holds the answer, in their order. */
  gold: boolean[];
}

/** What came of a run. */
export interface Outcome {
  run: Run;
  count: number;
  first: number;
  firstTwo: number;
  any: number;
  sentences: number;
  abstained: number;
  milliseconds: number;
  held: Judged[];
  /** With the passage that holds the answer taken out, or of questions about something else. */
  missing: Judged[];
}

/** Passages that an answerer gets, as `ask` finds them. */
const TOP_K = 8;

/** Asks the questions of a run, by `ask` or only as far as sentences are judged. */
export async function measure(
  kernel: Kernel,
  run: Run,
  asked: readonly Asked[],
  through: 'ask' | 'judge',
): Promise<Outcome> {
  const lexicon = await shippedLexicon();
  const outcome: Outcome = {
    run,
    count: asked.length,
    first: 0,
    firstTwo: 0,
    any: 0,
    sentences: 0,
    abstained: 0,
    milliseconds: 0,
    held: [],
    missing: [],
  };
  for (const { text, knowledgeBaseIds, gold, hidden, article } of asked) {
    const found = await kernel.registry.client('retrieval').search({
      query: text,
      knowledgeBaseIds,
      topK: TOP_K + 2,
      neighbours: 1,
      alignments: true,
    });
    const hits = found.hits.filter(({ chunkId }) => chunkId !== hidden);
    const judged = (best: SearchHit[]): Judged => {
      const passages = numberPassages(best.slice(0, TOP_K));
      const { candidates, signals, probability } = judge(text, found.question, passages, lexicon);
      return {
        candidates,
        signals,
        probability,
        question: text,
        tokens: found.question,
        article,
        passages,
        answer: gold,
        gold: candidates.map(({ passage: { hit }, source }) =>
          holds({ chunkId: hit.chunkId, quote: source }, gold),
        ),
      };
    };
    outcome.missing.push(judged(hits.filter(({ chunkId }) => !gold.chunkIds.includes(chunkId))));
    if (!run.answerable) continue;
    outcome.held.push(judged(hits));
    if (through === 'judge') continue;

    const started = performance.now();
    const answer = await ask(kernel, text, knowledgeBaseIds);
    outcome.milliseconds += performance.now() - started;
    if (answer.abstained) {
      outcome.abstained++;
      continue;
    }
    const held = heldBy(answer.citations, gold);
    outcome.first += Number(held.first);
    outcome.firstTwo += Number(held.firstTwo);
    outcome.any += Number(held.any);
    outcome.sentences += answer.citations.length;
  }
  return outcome;
}

/** A sentence of an answer, and where it is from. */
interface Quote {
  chunkId: string;
  quote: string;
}

/** @returns whether the first, the first two, or any sentences of an answer hold what was asked for */
export function heldBy(quotes: readonly Quote[], gold: Gold): Record<'first' | 'firstTwo' | 'any', boolean> {
  const [one, two] = quotes;
  // An answer that two sentences share is held by both together.
  const together =
    two !== undefined &&
    one!.chunkId === two.chunkId &&
    gold.chunkIds.includes(two.chunkId) &&
    gold.answers.some((answer) => [one!.quote + two.quote, two.quote + one!.quote].some(spans(answer)));
  const held = quotes.map((quote) => holds(quote, gold));
  return {
    first: held[0] ?? false,
    firstTwo: together || held.slice(0, 2).includes(true),
    any: together || held.includes(true),
  };
}

const holds = ({ chunkId, quote }: Quote, { chunkIds, answers }: Gold): boolean =>
  chunkIds.includes(chunkId) && answers.some((answer) => quote.includes(answer));

/** @returns whether a text holds an answer, wherever either has spaces */
const spans = (answer: string) => (text: string) => squeezed(text).includes(squeezed(answer));

const squeezed = (text: string): string => text.replace(/\s+/g, '');

async function ask(kernel: Kernel, question: string, knowledgeBaseIds: string[]): Promise<AnswerView> {
  const stream = await kernel.registry.client('sessions').ask({ question, knowledgeBaseIds });
  for await (const event of stream) if (event.type === 'done') return event.answer;
  throw new Error('The answer did not end.');
}
