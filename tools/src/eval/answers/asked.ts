import type { PassageBase } from '../passages.js';
import { sample } from './question-set.js';
import type { SetName, SetRun, Sets } from './runs.js';

/** What answers a question; nothing does where there are no answers. */
export interface Gold {
  /** Passages that hold it. */
  chunkIds: string[];
  /** Any of them, within one of these passages. */
  answers: readonly string[];
}

/** A question, and where it is asked. */
export interface Asked {
  text: string;
  knowledgeBaseIds: string[];
  gold: Gold;
  /** A passage that says the same in another language, left out of what is found. */
  hidden?: string | undefined;
  /** Number of the article that it is asked of, in its set: what is asked of one stays in one part of a fit. */
  article: number;
}

/**
 * @param bases of the sets
 * @param limit questions of the run, evenly chosen
 * @returns the questions of a run over sets
 */
export function askedOf(
  run: SetRun,
  sets: Sets,
  bases: ReadonlyMap<SetName, PassageBase>,
  limit: number,
): Asked[] {
  const base = bases.get(run.passages)!;
  const among = run.among && bases.get(run.among)!;
  const { questions, articles } = sets[run.questions];
  // There are questions without text, which nobody could ask.
  const all = questions.map((question, i) => ({ ...question, i })).filter(({ text }) => text.trim() !== '');
  return sample(all, limit).map(({ text, passage, i }) => ({
    text,
    knowledgeBaseIds: [base, ...(among ? [among] : [])].map(({ knowledgeBaseId }) => knowledgeBaseId),
    // Across languages the answer is that of the passage's language, to the same question.
    gold: run.answerable
      ? { chunkIds: [base.chunkIds[passage]!], answers: sets[run.passages].questions[i]!.answers }
      : { chunkIds: [], answers: [] },
    hidden: among?.chunkIds[passage],
    article: articles[passage]!,
  }));
}
