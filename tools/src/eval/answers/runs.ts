import { readQuestionSet, type QuestionSet } from './question-set.js';

/** The development sets, by their names here. */
export const FILES = {
  en: 'xquad_half.en',
  zh: 'xquad_half.zh',
  cmrc: 'cmrc2018_trial',
  DRCD: 'DRCD_dev',
} as const;
export type SetName = keyof typeof FILES;
export type Sets = Record<SetName, QuestionSet>;

/** Questions of one kind. */
export interface Run {
  name: string;
  /** Whether the passages hold the answers: otherwise the questions are about something that they don't say. */
  answerable: boolean;
  /** Whether question and passages are in different languages. */
  across: boolean;
  /** Least shares whose first, and whose first two sentences hold the answer. */
  goal?: [first: number, firstTwo: number];
  /** Nothing is fitted to it. */
  heldOut?: boolean;
  /** How many times each question counts in a fit; default 1. */
  counts?: number;
}

/** Questions of a set, asked of the passages of a set. */
export interface SetRun extends Run {
  passages: SetName;
  questions: SetName;
  /** A translation of the passages that is searched too, without the passage that answers there. */
  among?: SetName;
}

export const RUNS: SetRun[] = [
  { name: 'XQuAD en', passages: 'en', questions: 'en', answerable: true, across: false, goal: [0.8, 0.92] },
  { name: 'XQuAD zh', passages: 'zh', questions: 'zh', answerable: true, across: false, goal: [0.8, 0.92] },
  {
    name: 'cmrc2018',
    passages: 'cmrc',
    questions: 'cmrc',
    answerable: true,
    across: false,
    goal: [0.75, 0.86],
  },
  { name: 'DRCD', passages: 'DRCD', questions: 'DRCD', answerable: true, across: false, goal: [0.75, 0.86] },
  { name: 'zh asks en', passages: 'en', questions: 'zh', answerable: true, across: true },
  { name: 'en asks zh', passages: 'zh', questions: 'en', answerable: true, across: true },
  { name: 'cmrc asked of XQuAD zh', passages: 'zh', questions: 'cmrc', answerable: false, across: false },
  { name: 'XQuAD zh asked of cmrc', passages: 'cmrc', questions: 'zh', answerable: false, across: false },
  { name: 'cmrc asked of XQuAD en', passages: 'en', questions: 'cmrc', answerable: false, across: true },
  { name: 'XQuAD en asked of cmrc', passages: 'cmrc', questions: 'en', answerable: false, across: true },
];

/**
 * Questions among passages of both languages, of which one alone holds the answer: what only a fit learns from. As many
 * have it in their own language as in the other one.
 */
export const AMONG_RUNS: SetRun[] = (['en', 'zh'] as const).flatMap((questions) =>
  (['en', 'zh'] as const).map((passages) => {
    const among = passages === 'en' ? 'zh' : 'en';
    const name = `${questions} asks ${passages}, among ${among}`;
    return { name, passages, questions, among, answerable: true, across: questions !== passages };
  }),
);

/** @param folder of the development sets */
export function readSets(folder: string): Sets {
  return Object.fromEntries(
    Object.entries(FILES).map(([name, file]) => [name, readQuestionSet(folder, file)]),
  ) as Sets;
}
