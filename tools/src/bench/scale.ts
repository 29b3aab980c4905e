import { parseArgs } from 'node:util';
import { createInference } from '@midplane/inference';
import { openDatabase } from '@midplane/kernel';
import { cutWords, distinctWords } from '@midplane/knowledge';
import { MIGRATIONS } from '@midplane/migrations';
import pg from 'pg';
import { boot } from '../eval/boot.ts';
import { embedPassages } from '../eval/embedding-cache.ts';
import { readRetrievalSets } from '../eval/retrieval-sets.ts';
import { percentiles, timed } from './percentiles.ts';
import { build, indexesOf, type IndexBuild } from './scale/build.ts';
import { corpusOf, type Shape, SHAPES } from './scale/corpus.ts';
import { Lance, LANCE_SETTINGS, type LanceMeasured } from './scale/lancedb.ts';
import { layoutOf } from './scale/layout.ts';
import { load } from './scale/load.ts';
import { type Measured, Midplane } from './scale/midplane.ts';
import { print } from './scale/report.ts';
import { serverOf } from './scale/server.ts';
import { writeStates } from './scale/states.ts';

/**
 * `npm run bench:scale [-- --chunks N] [--shape mixtures|near-duplicates] [--questions N] [--no-lancedb] [--keep]
 * [--folder DIR]`: a million chunks on one Postgres: time and memory of load and index build; both channels and the whole
 * of `search` under filters of every width, with recall against comparing everything; LanceDB beside it, on the same rows
 * and questions.
 * Runs against DATABASE_URL where it is set, which has to be an empty database; else it starts a Postgres. With --keep
 * the rows stay in that database, and the next run with --keep measures without writing and building them again; with
 * --folder they stay in a Postgres that is started on that folder.
 */
const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    chunks: { type: 'string', default: '1000000' },
    shape: { type: 'string', default: 'mixtures' },
    questions: { type: 'string', default: '200' },
    lancedb: { type: 'boolean', default: true },
    keep: { type: 'boolean', default: false },
    folder: { type: 'string' },
  },
});
const keep = options.keep || options.folder !== undefined;
const chunks = Number(options.chunks);
const questionCount = Number(options.questions);
const shape = options.shape as Shape;
if (!(chunks >= 20_000)) throw new Error('--chunks: expected a number, at least 20000');
if (!(questionCount >= 1)) throw new Error('--questions: expected a number, at least 1');
if (!SHAPES.includes(shape)) throw new Error(`--shape: expected one of ${SHAPES.join(', ')}`);

/** Questions whose best are searched for by comparing everything: half a second for each among a million. */
const EXACT_QUESTIONS = 100;
/** Chunks of each question whose token states are written: more than are reranked. */
const RERANKED = 50;

/** How long the chunks took to write, and each index to build. */
interface Loaded {
  shape: Shape;
  seconds: number;
  builds: Record<string, IndexBuild>;
}

const begun = performance.now();
const say = (line: string) =>
  process.stderr.write(`${((performance.now() - begun) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);

const { sets, corpora } = readRetrievalSets();
const texts = [...corpora.values()].flat();
const inference = createInference();
const [model] = await inference.embeddingModels();
const embedded = await embedPassages(
  model!,
  texts,
  (batch) => inference.embed({ role: 'passage', urgency: 'bulk', tokenStates: true, texts: batch }),
  (done, total) => say(`Embedded ${done} of ${total} passages`),
);
await inference.close();
const corpus = corpusOf(
  shape,
  texts.map((text, i) => ({ text, words: cutWords(text).split(' '), vector: embedded[i]!.vector })),
  chunks,
);
const layout = layoutOf(chunks);

const server = await serverOf(process.env.DATABASE_URL, options.folder);
await (await openDatabase({ url: server.url, home: '', poolSize: 2, migrations: MIGRATIONS })).close();
const clients = [
  new pg.Client({ connectionString: server.url }),
  new pg.Client({ connectionString: server.url }),
];
for (const client of clients) await client.connect();
const [owner] = clients as [pg.Client, pg.Client];
const { rows: tenants } = await owner.query<{ id: string }>('select id from tenant order by id');
const filled = tenants.length > 0;
if (filled && !(keep && (await isFilled())))
  throw new Error(
    'The database of DATABASE_URL has tenants: expected an empty one, since the bench fills it.',
  );
const loaded = filled ? await loadedBefore() : await fill();
const { rows: sizes } = await owner.query<{ bytes: number }>(
  `select (pg_table_size('chunk') + pg_table_size('posting') + pg_table_size($1::regclass))::float8 as bytes`,
  [`chunk_vector_${model!.dimension}`],
);

const booted = await boot(server.url);
const midplane = new Midplane(booted.kernel, owner, model!);
const asked = sets
  .flatMap((set) => set.questions.map(({ text }) => text))
  .map((text, i) => ({ text, order: (i * 48271) % 7919 }))
  .sort((a, b) => a.order - b.order)
  .slice(0, questionCount)
  .map(({ text }) => text);
const { questions, times: embedTimes } = await midplane.questions(layout.scopes[0]!, asked);

const measured: Measured[] = [];
let stateChunks = 0;
for (const scope of layout.scopes) {
  say(`Asking ${questions.length} questions: ${scope.name} …`);
  const exact = await midplane.exact(scope, questions.slice(0, EXACT_QUESTIONS));
  const reranked = await midplane.wouldBeReranked(scope, questions, RERANKED);
  say(`  ${reranked.length} token states …`);
  stateChunks += await writeStates(
    owner,
    corpus,
    embedded.map(({ states }) => states!),
    model!,
    reranked,
  );
  const row = await midplane.measure(scope, questions, exact);
  measured.push(row);
  say(JSON.stringify(row));
}
const { rows: states } = await owner.query<{ bytes: number }>(
  `select pg_total_relation_size('chunk_state')::float8 as bytes`,
);
await booted.stop();
if (!keep) await owner.query('truncate tenant cascade');
for (const client of clients) await client.end();
await server.stop();

let lancedb: { build: Lance['build']; measured: LanceMeasured[] } | null = null;
if (options.lancedb) {
  const lance = await Lance.load(corpus, layout, say);
  const rows: LanceMeasured[] = [];
  for (const settings of LANCE_SETTINGS)
    for (const scope of layout.scopes) {
      say(`LanceDB, ${settings.name}: ${scope.name} …`);
      const row = await lance.measure(scope, layout, questions, distinctWords, settings);
      rows.push(row);
      say(JSON.stringify(row));
    }
  await lance.close();
  lancedb = { build: lance.build, measured: rows };
}

print({
  chunks,
  shape,
  server: server.described,
  load: { seconds: loaded.seconds, tableBytes: sizes[0]!.bytes },
  builds: loaded.builds,
  embedder: percentiles(embedTimes),
  rerankedStates: { chunks: stateChunks, bytes: states[0]!.bytes },
  midplane: measured,
  lancedb,
});

/** @returns whether a run before with --keep has written these very chunks */
async function isFilled(): Promise<boolean> {
  const { rows } = await owner.query<{ id: string; chunks: number }>(
    'select id, chunk_count as chunks from knowledge_base order by id',
  );
  const expected = layout.bases.map(({ id, from, to }) => ({ id, chunks: to - from }));
  return JSON.stringify(rows) === JSON.stringify(expected.sort((a, b) => (a.id < b.id ? -1 : 1)));
}

/** @returns what the run said that wrote the chunks */
async function loadedBefore(): Promise<Loaded> {
  const { rows } = await owner.query<{ loaded: Loaded }>('select loaded from bench_loaded');
  const { loaded } = rows[0]!;
  if (loaded.shape !== shape) throw new Error(`The chunks that were kept are ${loaded.shape}.`);
  return loaded;
}

/** Writes the chunks without the search's indexes, and builds these after. */
async function fill(): Promise<Loaded> {
  const names = indexesOf(model!.dimension);
  for (const name of names) await owner.query(`drop index ${name}`);
  say(`Writing ${chunks} chunks, ${shape} of ${texts.length} passages …`);
  let told = 0;
  const [, took] = await timed(() =>
    load(clients, corpus, layout, model!, (done) => {
      if (done - told >= 100_000 || done === chunks) say(`${(told = done)} chunks written`);
    }),
  );
  await owner.query('vacuum analyze');
  const builds: Record<string, IndexBuild> = {};
  for (const name of names) {
    builds[name] = await build(server, clients, name, say);
    say(`${name} built in ${builds[name].seconds.toFixed(0)} s`);
  }
  const result = { shape, seconds: took / 1000, builds };
  if (keep) await owner.query('create table bench_loaded as select $1::jsonb as loaded', [result]);
  return result;
}
