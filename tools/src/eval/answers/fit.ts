import { writeFileSync } from 'node:fs';
import {
  ANSWER_FEATURES,
  ANSWERER_MODEL,
  type AnswererModel,
  answerProbability,
  type AnswerSignals,
  type Features,
  rank,
  SENTENCE_FEATURES,
  signalsOf,
} from '@midplane/sessions';
import { areaUnderCurve, fitLogistic } from './logistic.js';
import type { Judged, Outcome } from './measure.js';
import { fitRanking } from './ranking.js';

const MODEL_FILE = new URL(
  '../../../../libs/sessions/src/answer/extractive/answerer.model.json',
  import.meta.url,
);

type SentenceWeights = AnswererModel['sentence'];

/** Questions of even and odd places: fitted on the one half, tried on the other. */
const halves = (outcomes: readonly Outcome[], half: 0 | 1): Outcome[] =>
  outcomes.map((outcome) => ({
    ...outcome,
    held: outcome.held.filter((_, i) => i % 2 === half),
    missing: outcome.missing.filter((_, i) => i % 2 === half),
  }));

/**
 * Fits the answerer's weights: first those that rank sentences, then those that tell whether there is an answer, of
 * the sentence that comes first by them. Prints what weights of one half of the questions reach on the other.
 * @param write puts the weights of all questions into the repository
 */
export function fit(outcomes: readonly Outcome[], write: boolean): void {
  console.log('\nFitted on every other question, tried on the rest:');
  const half = fitModel(halves(outcomes, 0));
  printTrial(halves(outcomes, 1), half);
  const model = fitModel(outcomes);
  console.log(`\nFitted on all:\n${JSON.stringify(model, null, 2)}`);
  if (write) writeFileSync(MODEL_FILE, `${JSON.stringify(model, null, 2)}\n`);
}

function fitModel(outcomes: readonly Outcome[]): AnswererModel {
  const groups = outcomes
    .filter(({ run }) => run.answerable)
    .flatMap(({ held }) =>
      held
        .filter(({ gold }) => gold.includes(true))
        .map(({ candidates, gold }) =>
          candidates.map(({ features }, i) => ({
            features: SENTENCE_FEATURES.map((name) => features[name]),
            positive: gold[i]!,
          })),
        ),
    );
  const sentence = named(SENTENCE_FEATURES, fitRanking(groups));
  const odds = (across: boolean) => {
    const examples = outcomes
      .filter(({ run }) => run.across === across)
      .flatMap(({ held, missing }) => [
        ...held.map((judged) => ({ judged, positive: true })),
        ...missing.map((judged) => ({ judged, positive: false })),
      ])
      .flatMap(({ judged, positive }) => {
        const signals = signalsBy(judged, sentence);
        return signals ? { features: ANSWER_FEATURES.map((name) => signals.features[name]), positive } : [];
      });
    const { bias, weights } = fitLogistic(examples);
    return { bias: rounded(bias), weights: named(ANSWER_FEATURES, weights) };
  };
  return { embedder: ANSWERER_MODEL.embedder, sentence, answer: { same: odds(false), across: odds(true) } };
}

/** @returns the signals of the sentence that comes first by some weights */
function signalsBy({ question, candidates }: Judged, weights: SentenceWeights): AnswerSignals | undefined {
  const best = rank(candidates, weights)[0];
  if (!best) return undefined;
  const passages = [...new Set(candidates.map(({ passage }) => passage))];
  return signalsOf(question, best, candidates, passages);
}

function printTrial(outcomes: readonly Outcome[], model: AnswererModel): void {
  const probability = (judged: Judged): number => {
    const signals = signalsBy(judged, model.sentence);
    return signals ? answerProbability(signals, model.answer) : 0;
  };
  const rows = outcomes.map(({ run, held, missing }) => {
    const first = held.map((judged) => {
      const golden = new Set(
        judged.candidates.filter((_, i) => judged.gold[i]).map(({ features }) => features),
      );
      return rank(judged.candidates, model.sentence)
        .slice(0, 2)
        .map(({ features }) => golden.has(features));
    });
    const share = (n: number, of: number) => (of === 0 ? '–' : (n / of).toFixed(3));
    const [yes, no] = [held.map(probability), missing.map(probability)];
    return {
      set: run.name,
      first: share(first.filter(([one]) => one).length, held.length),
      'first two': share(first.filter((two) => two.includes(true)).length, held.length),
      area: held.length > 0 ? areaUnderCurve(yes, no).toFixed(3) : '–',
      ...Object.fromEntries(
        [0.2, 0.3, 0.4, 0.5].map((t) => [
          `refused/passed at ${t}`,
          `${share(yes.filter((p) => p < t).length, yes.length)} ${share(no.filter((p) => p >= t).length, no.length)}`,
        ]),
      ),
    };
  });
  console.table(rows);
}

function named<Name extends string>(names: readonly Name[], weights: readonly number[]): Features<Name> {
  return Object.fromEntries(names.map((name, i) => [name, rounded(weights[i]!)])) as Features<Name>;
}

const rounded = (value: number): number => Number(value.toFixed(3));
