import type { Lexicon } from '@midplane/kernel';
import { describe } from '@midplane/sessions';
import { randomOf } from '../../bench/scale/corpus.js';
import type { Judged, Outcome } from './measure.js';

/** A passage is cut to fewer sentences than this. */
const MOST = 16;

/**
 * The same questions with each passage cut to a few sentences that follow one another, as short as the chunks of a
 * handbook with many headings are: in the sets a passage has 5 to 40. Cut without a look at the answer, so that a short
 * passage is no likelier to hold it than as many sentences of a long one; questions whose answer has gone are left out.
 * Deterministic.
 */
export function cutShort(outcome: Outcome, lexicon: Lexicon): Outcome {
  const random = randomOf(1);
  const cut = (judged: Judged) => cutPassages(judged, random, lexicon);
  return {
    ...outcome,
    run: { ...outcome.run, name: `${outcome.run.name}, cut short` },
    held: outcome.held.map(cut).filter(({ gold }) => gold.includes(true)),
    missing: outcome.missing.map(cut),
  };
}

function cutPassages(judged: Judged, random: () => number, lexicon: Lexicon): Judged {
  const places = judged.candidates.map((candidate, i) => ({ candidate, answers: judged.gold[i]! }));
  const kept = [...Map.groupBy(places, ({ candidate }) => candidate.passage).values()].flatMap((own) => {
    // As many are cut to 1 sentence as to 2 or 3, to 4 to 7, to 8 to 15.
    const length = Math.min(own.length, Math.floor(MOST ** random()));
    const start = Math.floor(random() * (own.length - length + 1));
    return own.slice(start, start + length);
  });
  const candidates = kept.map(({ candidate }) => candidate);
  const passages = [...new Set(candidates.map(({ passage }) => passage))];
  return {
    ...judged,
    candidates: describe(judged.question, judged.tokens, passages, candidates, lexicon),
    gold: kept.map(({ answers }) => answers),
  };
}
