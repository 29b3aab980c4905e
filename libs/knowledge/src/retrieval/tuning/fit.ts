import { createHash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import type { Ranking, RankingMeasures } from '@midplane/contracts';
import { isSameRanking } from '../ranking.js';
import { type Change, changeOf, measuresOf } from './measures.js';
import { type QuestionTrace, ranksOf } from './replay.js';

/** What is tried: denser where words count most, since there a step changes their ratio to the vectors most. */
const LEXICAL_WEIGHTS = [0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.75, 0.82, 0.86, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 1];
const COVERAGES = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 3, 4];
/** Means that differ by less are the same, but for the order in which they were summed. */
const ROUNDING = 1e-9;

export interface Fit extends Change {
  fitted: Ranking;
  fittedOn: number;
  heldOut: number;
  before: RankingMeasures;
  after: RankingMeasures;
}

/**
 * Fits the ranking to half of the questions, by their mean reciprocal rank, and measures it on the other half. Which
 * half a question is in follows from its text alone. Of rankings that do equally well, the one nearest to the current
 * one is taken: what the questions say nothing about stays.
 * @param traces of different questions, at least 2
 */
export async function fit(traces: readonly QuestionTrace[], current: Ranking): Promise<Fit> {
  const rankings = grid(traces, current);
  const halves = halvesOf(traces);
  const fitting = await ranksOfAll(halves.fitting, rankings);
  const held = await ranksOfAll(halves.heldOut, rankings);
  const best = bestOf(rankings, fitting, current);
  const now = rankings.findIndex((ranking) => isSameRanking(ranking, current));
  const [before, after] = [now, best].map((at) => held.map((ranks) => ranks[at]!)) as [number[], number[]];
  return {
    fitted: rankings[best]!,
    fittedOn: fitting.length,
    heldOut: held.length,
    before: measuresOf(before),
    after: measuresOf(after),
    ...changeOf(before, after),
  };
}

/** Parts different questions by the hashes of their texts, whatever order they come in. */
export function halvesOf<T extends { question: string }>(
  items: readonly T[],
): { fitting: T[]; heldOut: T[] } {
  const hashed = items.map((item) => ({ item, hash: hashOf(item.question) }));
  hashed.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const half = (rest: number) => hashed.filter((_, i) => i % 2 === rest).map(({ item }) => item);
  return { fitting: half(0), heldOut: half(1) };
}

async function ranksOfAll(traces: QuestionTrace[], rankings: Ranking[]): Promise<number[][]> {
  const ranks: number[][] = [];
  for (const trace of traces) {
    ranks.push(ranksOf(trace, rankings));
    // Others of this process wait while one question is ranked, not while all are.
    await breathe();
  }
  return ranks;
}

/** The rankings to try, the current one among them. Coverage is left alone where no late interaction adds it. */
function grid(traces: readonly QuestionTrace[], current: Ranking): Ranking[] {
  const covers = traces.some(({ judged }) =>
    [...(judged?.values() ?? [])].some((each) => 'closeness' in each),
  );
  const coverages = new Set([current.coverage, ...(covers ? COVERAGES : [])]);
  const weights = new Set([current.lexicalWeight, ...LEXICAL_WEIGHTS]);
  return [...weights].flatMap((lexicalWeight) =>
    [...coverages].map((coverage) => ({ lexicalWeight, coverage })),
  );
}

/** @param ranks of each question, by each ranking; @returns the place of the best one */
function bestOf(rankings: Ranking[], ranks: number[][], current: Ranking): number {
  let best = 0;
  let bestMean = -1;
  for (const [at, ranking] of rankings.entries()) {
    const { mrr } = measuresOf(ranks.map((each) => each[at]!));
    const same = Math.abs(mrr - bestMean) <= ROUNDING;
    if (same ? distance(ranking, current) < distance(rankings[best]!, current) : mrr > bestMean) {
      best = at;
      bestMean = same ? bestMean : mrr;
    }
  }
  return best;
}

const distance = (a: Ranking, b: Ranking): number =>
  Math.abs(a.lexicalWeight - b.lexicalWeight) + Math.abs(a.coverage - b.coverage);

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
