import { parseArgs } from 'node:util';
import { runInContext, type ServiceClient } from '@midplane/kernel';
import { sample } from './answers/question-set.ts';
import { administratorOf, boot } from './boot.ts';
import { floorsOf, type Table, type Way, WAYS } from './floors.ts';
import { rankingMetrics, type RankingMetrics } from './metrics.ts';
import { loadPassages, type PassageBase } from './passages.ts';
import { type Corpus, readRetrievalSets, type RetrievalSet } from './retrieval-sets.ts';

/**
 * `npm run eval:retrieval [-- --questions N]`: quality of `search` on sets with known answers, by channel, fused and reranked; and once
 * more with the passages of all sets searched together, as noise. --questions: how many of each set, evenly chosen
 * (default: all).
 */

const { values: options } = parseArgs({ options: { questions: { type: 'string' } } });
const limit = Number(options.questions) || Infinity;
const NAMES = Object.keys(WAYS) as Way[];
const CLIENTS = 4;
/** The same passages in the other language: they answer as well, so they are no noise. */
const TRANSLATIONS: Partial<Record<Corpus, Corpus>> = { 'XQuAD en': 'XQuAD zh', 'XQuAD zh': 'XQuAD en' };
const say = (line: string) => process.stderr.write(`${line}\n`);

const { sets, corpora } = readRetrievalSets();
const booted = await boot();
const { kernel } = booted;
const context = await administratorOf(kernel, 'evaluation');
const retrieval = kernel.registry.client('retrieval');

const table: Table = new Map();
const noisy = new Map<string, RankingMetrics>();
await runInContext(context, async () => {
  const bases = new Map<Corpus, PassageBase>();
  for (const [corpus, texts] of corpora) bases.set(corpus, await loadPassages(kernel, corpus, texts));
  await kernel.database.dataSource.query('analyze');
  for (const whole of sets) {
    const set = { ...whole, questions: sample(whole.questions, limit) };
    const base = bases.get(set.corpus)!;
    const own = [base.knowledgeBaseId];
    const row = {} as Record<Way, RankingMetrics>;
    for (const way of NAMES) row[way] = rankingMetrics(await ranksOf(retrieval, set, way, base, own));
    table.set(set.name, row);
    const all = [...bases]
      .filter(([corpus]) => corpus !== TRANSLATIONS[set.corpus])
      .map(([, { knowledgeBaseId }]) => knowledgeBaseId);
    noisy.set(set.name, rankingMetrics(await ranksOf(retrieval, set, 'reranked', base, all)));
    say(`${set.name}: ${set.questions.length} questions asked in ${NAMES.length + 1} ways`);
  }
});
await booted.stop();

const share = (value: number): string => value.toFixed(3).replace(/^0/, '');
const header = ['set', 'way', 'Recall@1', 'Recall@5', 'Recall@10', 'MRR@10', 'nDCG@10'];
const rows = [...table].flatMap(([set, byWay]) => [
  ...NAMES.map((way) => [set, way, ...Object.values(byWay[way]).map(share)]),
  [set, 'reranked, all sets together', ...Object.values(noisy.get(set)!).map(share)],
]);
console.log(`\n| ${header.join(' | ')} |\n|${header.map(() => '---').join('|')}|`);
for (const row of rows) console.log(`| ${row.join(' | ')} |`);

const floors = floorsOf(table);
const missed = floors.filter(({ held }) => !held);
console.log(`\n${floors.length - missed.length} of ${floors.length} floors held.`);
for (const { what, reached, floor } of missed)
  console.log(`Missed: ${what} is ${share(reached)}, floor ${share(floor)}`);
console.log(
  `RESULT eval-retrieval ${JSON.stringify({ sets: Object.fromEntries(table), together: Object.fromEntries(noisy), missed })}`,
);
process.exitCode = missed.length > 0 ? 1 : 0;

/** @returns the rank of each question's passage among the first ten hits of some knowledge bases */
async function ranksOf(
  client: ServiceClient<'retrieval'>,
  { questions }: RetrievalSet,
  way: Way,
  base: PassageBase,
  knowledgeBaseIds: string[],
): Promise<(number | undefined)[]> {
  const ranks: (number | undefined)[] = new Array(questions.length);
  let next = 0;
  const ask = async () => {
    for (let i = next++; i < questions.length; i = next++) {
      const { text, passage } = questions[i]!;
      const { hits } = await client.search({ query: text, knowledgeBaseIds, ...WAYS[way], topK: 10 });
      const at = hits.findIndex(({ chunkId }) => chunkId === base.chunkIds[passage]);
      ranks[i] = at < 0 ? undefined : at + 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, ask));
  return ranks;
}
