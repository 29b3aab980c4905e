import { type Client, CommandError, expect, type ProblemResult } from '../client/client.js';
import { findBase, type KnowledgeBase } from '../client/knowledge-bases.js';
import { say } from '../messages.js';
import { print, printJson, printTable } from '../output/terminal.js';
import { readRatedQuestions } from './rated-questions.js';

export interface TuneOptions {
  questions?: string;
  apply?: boolean;
  reset?: boolean;
  json?: boolean;
}

interface Ranking {
  lexicalWeight: number;
  coverage: number;
}

interface Measures {
  recallAt1: number;
  recallAt5: number;
  mrr: number;
}

interface Tuning {
  __typename: 'Tuning';
  questions: number;
  usable: number;
  fittedOn: number;
  heldOut: number;
  reranker: string | null;
  current: Ranking;
  fitted: Ranking;
  before: Measures;
  after: Measures;
  better: number;
  worse: number;
  pValue: number;
  applied: boolean;
}

/** From here on a difference counts as chance. */
const CHANCE = 0.05;

const TUNE = `mutation ($id: ID!, $questions: [RatedQuestionInput!], $apply: Boolean!) {
  tuneKnowledgeBase(id: $id, questions: $questions, apply: $apply) { __typename
    ... on Tuning { questions usable fittedOn heldOut reranker better worse pValue applied
      current { lexicalWeight coverage } fitted { lexicalWeight coverage }
      before { recallAt1 recallAt5 mrr } after { recallAt1 recallAt5 mrr } }
    ... on Problem { code message } } }`;

const RESET = `mutation ($id: ID!) { resetRanking(id: $id) { __typename
  ... on KnowledgeBase { id name } ... on Problem { code message } } }`;

/** `midplane tune`: fits the ranking of a knowledge base; changes nothing unless told to */
export async function tune(client: Client, name: string, options: TuneOptions): Promise<number> {
  if (options.reset && (options.apply || options.questions !== undefined))
    throw new CommandError(say('resetOrTune'));
  const questions = options.questions === undefined ? null : await readRatedQuestions(options.questions);
  const base = await findBase(client, name);
  if (options.reset) return reset(client, base, options);
  const { tuneKnowledgeBase } = await client.request<{ tuneKnowledgeBase: Tuning | ProblemResult }>(TUNE, {
    id: base.id,
    questions,
    apply: options.apply ?? false,
  });
  const tuning = expect(tuneKnowledgeBase, 'Tuning');
  if (options.json) printJson(tuning);
  else show(tuning, base, options.apply ?? false);
  return 0;
}

async function reset(client: Client, { id, name }: KnowledgeBase, { json }: TuneOptions): Promise<number> {
  const { resetRanking } = await client.request<{ resetRanking: KnowledgeBase | ProblemResult }>(RESET, {
    id,
  });
  const base = expect(resetRanking, 'KnowledgeBase');
  if (json) printJson(base);
  else print(say('rankingReset', { name }));
  return 0;
}

function show(tuning: Tuning, { name }: KnowledgeBase, apply: boolean): void {
  const { questions, usable, fittedOn, heldOut, current, fitted, before, after } = tuning;
  print(`${say('tuned', { questions, usable, fittedOn, heldOut })}\n`);
  const row = (title: string, of: (measures: Measures) => number) => [
    title,
    of(before).toFixed(3),
    of(after).toFixed(3),
  ];
  const weights = ({ lexicalWeight }: Ranking) =>
    `${lexicalWeight} (${Number((1 - lexicalWeight).toFixed(4))})`;
  printTable(
    [say('measure'), say('before'), say('after')],
    [
      row('Recall@1', ({ recallAt1 }) => recallAt1),
      row('Recall@5', ({ recallAt5 }) => recallAt5),
      row('MRR', ({ mrr }) => mrr),
      [say('lexicalWeight'), weights(current), weights(fitted)],
      [say('coverage'), String(current.coverage), String(fitted.coverage)],
    ],
  );
  print(`\n${verdict(tuning, name, apply)}`);
}

/** Whether it is better, and what was done about it. */
function verdict(
  { current, fitted, better, worse, pValue, applied }: Tuning,
  name: string,
  apply: boolean,
): string {
  if (current.lexicalWeight === fitted.lexicalWeight && current.coverage === fitted.coverage)
    return say('nothingToTune');
  const difference = say(pValue < CHANCE ? 'beyondChance' : 'withinChance', {
    better,
    worse,
    p: pValue < 0.001 ? '< 0.001' : `= ${pValue.toFixed(3)}`,
  });
  const done = applied ? 'tunedApplied' : apply ? 'tunedNotBetter' : 'tunedOnlyShown';
  return `${difference}\n${say(done, { name })}`;
}
