import { runInContext, type ServiceClient } from '@midplane/kernel';
import { addPassages } from './passages.ts';
import { administratorOf, bootSearch } from './boot.ts';
import { floorsOf, type Mode, type Table } from './floors.ts';
import { rankingMetrics, type RankingMetrics } from './metrics.ts';
import { readRetrievalSets, type RetrievalSet } from './retrieval-sets.ts';
import { embedPassages } from './embedding-cache.ts';

/** `npm run eval:retrieval`: quality of `search` on sets with known answers, by channel and together. */

const MODES: Mode[] = ['LEXICAL', 'VECTOR', 'HYBRID'];
const CLIENTS = 4;
const say = (line: string) => process.stderr.write(`${line}\n`);

const { sets, corpora } = readRetrievalSets();
const booted = await bootSearch();
const { kernel } = booted;
const context = await administratorOf(kernel, 'evaluation');
const retrieval = kernel.registry.client('retrieval');
const inference = kernel.registry.client('inference');

const table: Table = new Map();
await runInContext(context, async () => {
  const [model] = await inference.embeddingModels();
  const embed = (batch: string[]) =>
    inference.embed({ role: 'passage', urgency: 'bulk', tokenStates: true, texts: batch });
  const bases = new Map<string, { knowledgeBaseId: string; chunkIds: string[] }>();
  for (const [corpus, texts] of corpora) {
    const embedded = await embedPassages(model!, texts, embed, (done, total) =>
      say(`${corpus}: embedded ${done} of ${total} passages`),
    );
    bases.set(corpus, await addPassages(kernel.database, corpus, model!, texts, embedded));
  }
  await kernel.database.dataSource.query('analyze');
  for (const set of sets) {
    const row = {} as Record<Mode, RankingMetrics>;
    for (const mode of MODES)
      row[mode] = rankingMetrics(await ranksOf(retrieval, set, mode, bases.get(set.corpus)!));
    table.set(set.name, row);
    say(`${set.name}: ${set.questions.length} questions asked in ${MODES.length} ways`);
  }
});
await booted.stop();

const share = (value: number): string => value.toFixed(3).replace(/^0/, '');
const header = ['set', 'channel', 'Recall@1', 'Recall@5', 'Recall@10', 'MRR@10', 'nDCG@10'];
const rows = [...table].flatMap(([set, byMode]) =>
  MODES.map((mode) => [set, mode.toLowerCase(), ...Object.values(byMode[mode]).map(share)]),
);
console.log(`\n| ${header.join(' | ')} |\n|${header.map(() => '---').join('|')}|`);
for (const row of rows) console.log(`| ${row.join(' | ')} |`);

const floors = floorsOf(table);
const missed = floors.filter(({ held }) => !held);
console.log(`\n${floors.length - missed.length} of ${floors.length} floors held.`);
for (const { what, reached, floor } of missed)
  console.log(`Missed: ${what} is ${share(reached)}, floor ${share(floor)}`);
console.log(`RESULT eval-retrieval ${JSON.stringify({ sets: Object.fromEntries(table), missed })}`);
process.exitCode = missed.length > 0 ? 1 : 0;

/** @returns the rank of each question's passage among the first ten hits */
async function ranksOf(
  client: ServiceClient<'retrieval'>,
  { questions }: RetrievalSet,
  mode: Mode,
  base: { knowledgeBaseId: string; chunkIds: string[] },
): Promise<(number | undefined)[]> {
  const ranks: (number | undefined)[] = new Array(questions.length);
  let next = 0;
  const ask = async () => {
    for (let i = next++; i < questions.length; i = next++) {
      const { text, passage } = questions[i]!;
      const { hits } = await client.search({
        query: text,
        knowledgeBaseIds: [base.knowledgeBaseId],
        mode,
        topK: 10,
      });
      const at = hits.findIndex(({ chunkId }) => chunkId === base.chunkIds[passage]);
      ranks[i] = at < 0 ? undefined : at + 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, ask));
  return ranks;
}
