import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { percentiles, type Percentiles, timed } from '../percentiles.ts';
import { type Corpus, partsOf, writeVector } from './corpus.ts';
import { CHUNKS_OF_DOCUMENT, type Layout, readersOf, type Scope } from './layout.ts';
import { CANDIDATES, type Question } from './midplane.ts';
import { folderBytes } from './sizes.ts';
import { type Found, mean, recallOf } from './recall.ts';

/** Version that the figures are of. 211 MB with Arrow: too much for everybody's `npm ci`, so the bench installs it itself. */
const VERSION = '0.39.0';
const ARROW = '18.1.0';
const FOLDER = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
  'midplane',
  'bench',
  `lancedb-${VERSION}`,
);
const BATCH = 20_000;
const WARM_UP = 20;
const EXACT_QUESTIONS = 50;

/** The little of `@lancedb/lancedb` that is used here; it is no dependency, so its types are not at hand. */
interface LanceDb {
  connect(folder: string): Promise<{ createTable(name: string, data: unknown): Promise<Table> }>;
  Index: Record<'ivfPq' | 'hnswSq' | 'bitmap' | 'btree' | 'labelList' | 'fts', (options?: object) => unknown>;
}
interface Table {
  add(data: unknown): Promise<unknown>;
  createIndex(column: string, options: { config: unknown; waitTimeoutSeconds?: number }): Promise<void>;
  query(): Query;
  countRows(): Promise<number>;
}
interface Query {
  nearestTo(vector: Float32Array): Query;
  distanceType(type: 'cosine'): Query;
  fullTextSearch(words: string, options: { columns: string[] }): Query;
  where(condition: string): Query;
  select(columns: string[]): Query;
  limit(limit: number): Query;
  nprobes(probes: number): Query;
  ef(ef: number): Query;
  refineFactor(factor: number): Query;
  bypassVectorIndex(): Query;
  toArray(): Promise<{ id: number; _distance: number }[]>;
}

/** The index that is measured, and how it is asked. */
export interface LanceSettings {
  name: string;
  index: 'ivfPq' | 'hnswSq';
  ask: (query: Query) => Query;
}

/** LanceDB's documented default, and the same index asked for more, so that it finds what Midplane finds. */
export const LANCE_SETTINGS: readonly LanceSettings[] = [
  { name: 'IVF_PQ, defaults', index: 'ivfPq', ask: (query) => query },
  {
    name: 'IVF_PQ, 100 probes, refine 10',
    index: 'ivfPq',
    ask: (query) => query.nprobes(100).refineFactor(10),
  },
];

export interface LanceMeasured {
  scope: string;
  settings: string;
  vector: Percentiles;
  lexical: Percentiles;
  /** Both channels at the same time. */
  both: Percentiles;
  recall: { vector50: number; vector10: number };
}

export interface LanceBuild {
  loadSeconds: number;
  vectorIndexSeconds: number;
  wordIndexSeconds: number;
  otherIndexSeconds: number;
  /** Most memory that this process held meanwhile, less what it held before, in bytes. */
  memory: number;
  bytes: number;
}

/** LanceDB in this process, on the same chunks. */
export class Lance {
  private constructor(
    private readonly table: Table,
    private readonly folder: string,
    readonly build: LanceBuild,
  ) {}

  /** Installs LanceDB where it is missing, writes the chunks and builds its indexes. */
  static async load(corpus: Corpus, layout: Layout, say: (line: string) => void): Promise<Lance> {
    const { lancedb, arrow } = await installed(say);
    const folder = await mkdtemp(join(tmpdir(), 'midplane-lancedb-'));
    const before = process.memoryUsage().rss;
    let memory = 0;
    const watch = setInterval(() => (memory = Math.max(memory, process.memoryUsage().rss - before)), 200);
    const seconds = async (title: string, work: () => Promise<unknown>): Promise<number> => {
      const [, took] = await timed(work);
      say(`LanceDB: ${title} in ${(took / 1000).toFixed(0)} s`);
      return took / 1000;
    };
    let table: Table | undefined;
    const loadSeconds = await seconds('rows written', async () => {
      const database = await lancedb.connect(folder);
      for (const batch of batchesOf(arrow, corpus, layout)) {
        if (table) await table.add(batch);
        else table = await database.createTable('chunk', batch);
      }
    });
    const vectorIndexSeconds = await seconds('vector index', () =>
      table!.createIndex('vector', {
        config: lancedb.Index.ivfPq({ distanceType: 'cosine' }),
        waitTimeoutSeconds: 3600,
      }),
    );
    const wordIndexSeconds = await seconds('word index', () =>
      table!.createIndex('words', {
        config: lancedb.Index.fts({
          baseTokenizer: 'whitespace',
          withPosition: false,
          lowercase: false,
          stem: false,
          removeStopWords: false,
          asciiFolding: false,
          maxTokenLength: 256,
        }),
        waitTimeoutSeconds: 3600,
      }),
    );
    const otherIndexSeconds = await seconds('indexes of what is filtered by', async () => {
      await table!.createIndex('base', { config: lancedb.Index.bitmap(), waitTimeoutSeconds: 3600 });
      await table!.createIndex('reader', { config: lancedb.Index.bitmap(), waitTimeoutSeconds: 3600 });
    });
    clearInterval(watch);
    const build = {
      loadSeconds,
      vectorIndexSeconds,
      wordIndexSeconds,
      otherIndexSeconds,
      memory,
      bytes: folderBytes(folder),
    };
    return new Lance(table!, folder, build);
  }

  async measure(
    scope: Scope,
    layout: Layout,
    questions: Question[],
    wordsOf: (text: string) => string[],
    settings: LanceSettings,
  ): Promise<LanceMeasured> {
    const condition = conditionOf(scope, layout);
    const within = (query: Query) => (condition === undefined ? query : query.where(condition));
    const nearest = (vector: Float32Array) =>
      within(settings.ask(this.table.query().nearestTo(vector).distanceType('cosine')));
    const run = async (query: Query): Promise<Found[]> =>
      (await query.limit(CANDIDATES).toArray()).map(({ id, _distance }) => ({
        chunk: id,
        score: 1 - _distance,
      }));
    const byVector = (vector: Float32Array) => run(nearest(vector).select(['id', '_distance']));
    const byWords = (text: string) =>
      run(
        within(this.table.query().fullTextSearch(wordsOf(text).join(' '), { columns: ['words'] })).select([
          'id',
          '_score',
        ]),
      );
    for (const { text, vector } of questions.slice(0, WARM_UP)) {
      await byVector(vector);
      await byWords(text);
    }
    const times = { vector: [] as number[], lexical: [] as number[], both: [] as number[] };
    const recalls = { at50: [] as number[], at10: [] as number[] };
    for (const [i, { text, vector }] of questions.entries()) {
      const [found, near] = await timed(() => byVector(vector));
      times.vector.push(near);
      times.lexical.push((await timed(() => byWords(text)))[1]);
      times.both.push((await timed(() => Promise.all([byVector(vector), byWords(text)])))[1]);
      if (i >= EXACT_QUESTIONS) continue;
      const exact = await run(
        within(this.table.query().nearestTo(vector).distanceType('cosine').bypassVectorIndex()).select([
          'id',
          '_distance',
        ]),
      );
      // Distances of quantized vectors are about right only.
      recalls.at50.push(recallOf(found, exact, false));
      recalls.at10.push(recallOf(found, exact.slice(0, 10), false));
    }
    return {
      scope: scope.name,
      settings: settings.name,
      vector: percentiles(times.vector),
      lexical: percentiles(times.lexical),
      both: percentiles(times.both),
      recall: { vector50: mean(recalls.at50), vector10: mean(recalls.at10) },
    };
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** LanceDB has no tenants and no readers: they are columns. Everything is asked for without any condition. */
function conditionOf(scope: Scope, layout: Layout): string | undefined {
  if (scope.name === 'everything') return undefined;
  if (scope.group !== undefined) return `reader = ${readerNumber([scope.group])}`;
  return `base = ${layout.bases.indexOf(scope.bases[0]!)}`;
}

/** Each document of the large base has one reader here: whoever sees some, else everybody else. */
const readerNumber = (readers: string[]): number =>
  readers.length === 0 ? 0 : Math.max(...readers.map((id) => parseInt(id.slice(-1), 16) % 3)) + 1;

/** Chunks as Arrow has them, column by column. */
function* batchesOf(arrow: Arrow, corpus: Corpus, layout: Layout): Generator<unknown> {
  const parts = partsOf(corpus);
  const dimension = parts[0]!.length;
  for (const [number, base] of layout.bases.entries()) {
    for (let from = base.from; from < base.to; from += BATCH) {
      const count = Math.min(BATCH, base.to - from);
      const vectors = new Float32Array(count * dimension);
      const words: string[] = [];
      const readers = new Int32Array(count);
      for (let i = 0; i < count; i++) {
        const chunk = from + i;
        writeVector(parts, corpus, chunk, vectors.subarray(i * dimension, (i + 1) * dimension));
        words.push(
          `${corpus.sources[corpus.heads[chunk]!]!.head.words} ${corpus.sources[corpus.tails[chunk]!]!.tail.words}`,
        );
        readers[i] = readerNumber(readersOf(base, chunk - (chunk % CHUNKS_OF_DOCUMENT)));
      }
      const floats = arrow.makeData({ type: new arrow.Float32(), data: vectors });
      const list = arrow.makeData({
        type: new arrow.FixedSizeList(dimension, new arrow.Field('item', new arrow.Float32(), true)),
        length: count,
        nullCount: 0,
        child: floats,
      });
      yield new arrow.Table({
        id: arrow.makeVector(Int32Array.from({ length: count }, (_, i) => from + i)),
        base: arrow.makeVector(new Int32Array(count).fill(number)),
        reader: arrow.makeVector(readers),
        words: arrow.vectorFromArray(words, new arrow.Utf8()),
        vector: new arrow.Vector([list]),
      });
    }
  }
}

/** The little of `apache-arrow` that is used here. */
interface Arrow {
  makeData(options: object): unknown;
  makeVector(data: Int32Array): unknown;
  vectorFromArray(values: string[], type: unknown): unknown;
  Float32: new () => unknown;
  Utf8: new () => unknown;
  Field: new (name: string, type: unknown, nullable: boolean) => unknown;
  FixedSizeList: new (size: number, field: unknown) => unknown;
  Vector: new (data: unknown[]) => unknown;
  Table: new (columns: Record<string, unknown>) => unknown;
}

/** @throws Error where npm can't install it */
async function installed(say: (line: string) => void): Promise<{ lancedb: LanceDb; arrow: Arrow }> {
  if (!existsSync(join(FOLDER, 'node_modules/@lancedb/lancedb'))) {
    say('Installing LanceDB (once) …');
    await mkdir(FOLDER, { recursive: true });
    await writeFile(join(FOLDER, 'package.json'), JSON.stringify({ private: true }));
    const { platform, arch } = process;
    const native = `@lancedb/lancedb-${platform}-${arch}${platform === 'linux' ? '-gnu' : platform === 'win32' ? '-msvc' : ''}`;
    // Its optional packages are embedders and their models, which are not used; the platform's own is named instead.
    const packages = [`@lancedb/lancedb@${VERSION}`, `${native}@${VERSION}`, `apache-arrow@${ARROW}`];
    const args = ['install', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error', ...packages];
    await promisify(execFile)('npm', args, { cwd: FOLDER, timeout: 600_000 });
  }
  // It warns of clusters that are empty, by the thousand where there are near-duplicates.
  process.env.LANCEDB_LOG ??= 'error';
  const load = createRequire(join(FOLDER, 'package.json'));
  return { lancedb: load('@lancedb/lancedb') as LanceDb, arrow: load('apache-arrow') as Arrow };
}
