import { writeFileSync } from 'node:fs';
import {
  ANSWER_FEATURES,
  ANSWERER_MODEL,
  type AnswererModel,
  answerProbability,
  type AnswerSignals,
  choose,
  EXTRACTIVE_PARAMETERS,
  type Features,
  rank,
  SENTENCE_FEATURES,
  signalsOf,
} from '@midplane/sessions';
import { areaUnderCurve, fitLogistic } from './logistic.js';
import { heldBy, type Judged, type Outcome } from './measure.js';
import { fitRanking } from './ranking.js';

const MODEL_FILE = new URL(
  '../../../../libs/sessions/src/answer/extractive/answerer.model.json',
  import.meta.url,
);

const FOLDS = 5;
/** What is asked of one article stays in one fold, in both languages. */
const foldOf = ({ article }: Judged): number => article % FOLDS;

export interface FitOptions {
  /** Fits what tells whether there is an answer, and leaves the weights in use that rank sentences. */
  oddsAlone: boolean;
  /** Puts the weights of all questions into the repository. */
  write: boolean;
}

/**
 * Fits the answerer's weights: first those that rank sentences, then those that tell whether there is an answer, of
 * the sentence that comes first by them. Prints what they reach on articles that they were not fitted to.
 */
export function fit(outcomes: readonly Outcome[], { oddsAlone, write }: FitOptions): void {
  const fitModel = (of: readonly Outcome[]) =>
    fitOdds(of, oddsAlone ? ANSWERER_MODEL.sentence : fitSentence(of));
  const fitted = outcomes.filter(({ run }) => !run.heldOut);
  const models = Array.from({ length: FOLDS }, (_, fold) =>
    fitModel(only(fitted, (judged) => foldOf(judged) !== fold)),
  );
  console.log(`\nFitted on ${FOLDS - 1} of ${FOLDS} parts of the articles, tried on the other one, in turn:`);
  printTrial(outcomes, (judged) => models[foldOf(judged)]!);
  const model = fitModel(fitted);
  console.log('\nFitted on all:');
  printTrial(outcomes, () => model);
  if (write) writeFileSync(MODEL_FILE, `${JSON.stringify(model, null, 2)}\n`);
}

const only = (outcomes: readonly Outcome[], takes: (judged: Judged) => boolean): Outcome[] =>
  outcomes.map((outcome) => ({
    ...outcome,
    held: outcome.held.filter(takes),
    missing: outcome.missing.filter(takes),
  }));

/** Each as many times as it counts. */
const repeated = <T>(list: readonly T[], { counts = 1 }: Outcome['run']): T[] =>
  Array.from({ length: counts }, () => list).flat();

function fitSentence(outcomes: readonly Outcome[]): AnswererModel['sentence'] {
  const net = fitRanking(
    outcomes.flatMap(({ run, held }) =>
      repeated(held, run)
        .filter(({ gold }) => gold.includes(true))
        .map(({ candidates, gold }) =>
          candidates.map(({ features }, i) => ({
            features: SENTENCE_FEATURES.map((name) => features[name]),
            positive: gold[i]!,
          })),
        ),
    ),
  );
  return {
    weights: named(SENTENCE_FEATURES, net.weights),
    hidden: net.hidden.map(({ counts, bias, weights }) => ({
      counts: rounded(counts),
      bias: rounded(bias),
      weights: named(SENTENCE_FEATURES, weights),
    })),
  };
}

/** @param sentence which sentence comes first */
function fitOdds(outcomes: readonly Outcome[], sentence: AnswererModel['sentence']): AnswererModel {
  const odds = (across: boolean) => {
    const examples = outcomes
      .filter(({ run }) => run.across === across)
      .flatMap(({ run, held, missing }) => [
        ...repeated(held, run).map((judged) => ({ judged, positive: true })),
        ...repeated(missing, run).map((judged) => ({ judged, positive: false })),
      ])
      .flatMap(({ judged, positive }) => {
        const signals = signalsBy(judged, sentence);
        // The best sentence may be in the other language than those that were meant.
        return signals?.across === across
          ? { features: ANSWER_FEATURES.map((name) => signals.features[name]), positive }
          : [];
      });
    const { bias, weights } = fitLogistic(examples);
    return { bias: rounded(bias), weights: named(ANSWER_FEATURES, weights) };
  };
  return { embedder: ANSWERER_MODEL.embedder, sentence, answer: { same: odds(false), across: odds(true) } };
}

/** @returns the signals of the sentence that comes first by some weights */
function signalsBy(
  { question, candidates, passages }: Judged,
  net: AnswererModel['sentence'],
): AnswerSignals | undefined {
  const scored = rank(candidates, net);
  return scored.length > 0 ? signalsOf(question, scored, passages) : undefined;
}

/** As `ask` would answer at the threshold, and what passes it; refused answers count as wrong. */
function printTrial(outcomes: readonly Outcome[], modelOf: (judged: Judged) => AnswererModel): void {
  const { threshold } = EXTRACTIVE_PARAMETERS;
  const probability = (judged: Judged): number => {
    const { sentence, answer } = modelOf(judged);
    const signals = signalsBy(judged, sentence);
    return signals ? answerProbability(signals, answer) : 0;
  };
  const share = (n: number, of: number) => (of === 0 ? '–' : (n / of).toFixed(3));
  const rows = outcomes.map(({ run, held, missing }) => {
    const [yes, no] = [held.map(probability), missing.map(probability)];
    const chosen = held.map((judged) => {
      const sentences = choose(judged.question, rank(judged.candidates, modelOf(judged).sentence));
      const quotes = sentences.map(({ passage, source }) => ({
        chunkId: passage.hit.chunkId,
        quote: source,
      }));
      return { ...heldBy(quotes, judged.answer), sentences: sentences.length };
    });
    const answered = chosen.filter((_, i) => yes[i]! >= threshold);
    const count = (list: typeof chosen, name: 'first' | 'firstTwo') =>
      list.filter((each) => each[name]).length;
    return {
      set: run.name,
      first: share(count(answered, 'first'), held.length),
      'first two': share(count(answered, 'firstTwo'), held.length),
      'first, none refused': share(count(chosen, 'first'), held.length),
      'first two, none refused': share(count(chosen, 'firstTwo'), held.length),
      sentences: share(
        answered.reduce((sum, { sentences }) => sum + sentences, 0),
        answered.length,
      ),
      refused: share(held.length - answered.length, held.length),
      area: held.length > 0 ? areaUnderCurve(yes, no).toFixed(3) : '–',
      passed: share(no.filter((p) => p >= threshold).length, no.length),
    };
  });
  console.table(rows);
}

function named<Name extends string>(names: readonly Name[], weights: readonly number[]): Features<Name> {
  return Object.fromEntries(names.map((name, i) => [name, rounded(weights[i]!)])) as Features<Name>;
}

const rounded = (value: number): number => Number(value.toFixed(3));
