import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Questions whose right passage is known, and the passages that it has to be found among. */
export interface RetrievalSet {
  name: string;
  /** Name of the passages; sets that ask the same passages share it. */
  corpus: Corpus;
  questions: { text: string; passage: number }[];
}

/** Passages by the name of their corpus. */
export type Corpora = Map<Corpus, string[]>;

interface Squad {
  data: { paragraphs: { context: string; qas: { question: string }[] }[] }[];
}

/** The folder of real data beside the repository. It is no part of the project, so it may be missing. */
export const RETRIEVAL_DATA = resolve(import.meta.dirname, '../../../../shared/data/retrieval');

const FILES = {
  cmrc: 'cmrc2018_trial.json',
  DRCD: 'DRCD_dev.json',
  'XQuAD en': 'xquad_half.en.json',
  'XQuAD zh': 'xquad_half.zh.json',
};
export type Corpus = keyof typeof FILES;

/** Whose questions are asked over which passages. XQuAD's two languages run in parallel, passage by passage. */
const SETS: { name: string; questions: Corpus; corpus: Corpus }[] = [
  { name: 'cmrc', questions: 'cmrc', corpus: 'cmrc' },
  { name: 'DRCD', questions: 'DRCD', corpus: 'DRCD' },
  { name: 'XQuAD en', questions: 'XQuAD en', corpus: 'XQuAD en' },
  { name: 'XQuAD zh', questions: 'XQuAD zh', corpus: 'XQuAD zh' },
  { name: 'zh asks en', questions: 'XQuAD zh', corpus: 'XQuAD en' },
  { name: 'en asks zh', questions: 'XQuAD en', corpus: 'XQuAD zh' },
];

/** @throws Error that says where the data is expected where it is missing */
export function readRetrievalSets(folder = RETRIEVAL_DATA): { sets: RetrievalSet[]; corpora: Corpora } {
  if (!existsSync(folder)) throw new Error(`The evaluation sets are missing: expected them in ${folder}.`);
  const read = (corpus: Corpus) =>
    (JSON.parse(readFileSync(join(folder, FILES[corpus]), 'utf8')) as Squad).data.flatMap(
      ({ paragraphs }) => paragraphs,
    );
  const files = new Map((Object.keys(FILES) as Corpus[]).map((corpus) => [corpus, read(corpus)]));
  return {
    corpora: new Map(
      [...files].map(([corpus, paragraphs]) => [corpus, paragraphs.map(({ context }) => context)]),
    ),
    sets: SETS.map(({ name, questions, corpus }) => ({
      name,
      corpus,
      questions: files
        .get(questions)!
        .flatMap(({ qas }, passage) => qas.map(({ question }) => ({ text: question.trim(), passage })))
        // cmrc has two questions without text, which nobody could ask.
        .filter(({ text }) => text !== ''),
    })),
  };
}
