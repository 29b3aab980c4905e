/**
 * `npm run bench:ingest`: pages a second, memory and the time of each stage for a long PDF and for a folder of mixed
 * documents; the embed stage beside the embedder alone, the parse stage beside markitdown.
 *
 * Options: `--pages N` of the PDF (1,600), `--folder PATH` (the real documents where they are, else the samples).
 */
import { fork } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { INGEST_STAGES } from '@midplane/contracts';
import { bookPages, makePdf } from '@midplane/testing';
import { startPostgres } from '../services/index.ts';
import { convertWithMarkitdown } from './ingest-markitdown.ts';
import { MemoryWatch, type PeakMemory } from './ingest-memory.ts';
import type { DocumentTimes, EmbedMeasure, IngestMeasure, IngestMessage, IngestTask } from './ingest-run.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const REAL_DOCUMENTS = join(REPOSITORY, '../shared/data/documents');
const SAMPLES = join(REPOSITORY, 'apps/platform/samples');
const CACHE = join(REPOSITORY, '.cache');
/** Memory that the process may use for the long PDF. */
const LIMIT_BYTES = 1024 ** 3;

interface Measured {
  book: IngestMeasure & { memory: PeakMemory; tokens: number };
  folder: IngestMeasure & { memory: PeakMemory };
  embedder: EmbedMeasure;
}

const { values: options } = parseArgs({
  options: { pages: { type: 'string', default: '1600' }, folder: { type: 'string' } },
});

const work = mkdtempSync(join(tmpdir(), 'midplane-bench-ingest-'));
const postgres = await startPostgres({ settings: { shared_buffers: '512MB' } });
try {
  const book = join(work, 'book.pdf');
  writeFileSync(book, makePdf({ pages: bookPages({ pages: Number(options.pages) }) }));
  const folder = filesOf(options.folder ?? (existsSync(REAL_DOCUMENTS) ? REAL_DOCUMENTS : SAMPLES));
  const measured = await measure({ book, folder, embedSample: 512 });
  report(measured, convertWithMarkitdown(CACHE, [book, ...folder]));
} finally {
  await postgres.stop();
  rmSync(work, { recursive: true, force: true });
}

function filesOf(folder: string): string[] {
  return globSync('**/*.{pdf,docx,pptx,xlsx,csv,md,html}', { cwd: folder })
    .map((name) => join(folder, name))
    .sort();
}

/** Runs the ingest process, and watches its memory for each part of its work. */
async function measure(task: IngestTask): Promise<Measured> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const child = fork(fileURLToPath(new URL(`./ingest-run.${extension}`, import.meta.url)), {
    env: { ...process.env, DATABASE_URL: postgres.url, MIDPLANE_HOME: work, PORT: '0', LOG_LEVEL: 'error' },
  });
  const watch = new MemoryWatch(child.pid!);
  const measured: Partial<Measured> = {};
  try {
    child.send(task);
    await new Promise<void>((resolve, reject) => {
      child.on('message', (message: IngestMessage) => {
        const memory = watch.take();
        if (message.part === 'book') measured.book = { ...message.measure, memory, tokens: message.tokens };
        if (message.part === 'folder') measured.folder = { ...message.measure, memory };
        if (message.part === 'embedder') measured.embedder = message.measure;
      });
      child.once('exit', (code) =>
        code === 0 ? resolve() : reject(new Error(`The ingest process ended with code ${code}.`)),
      );
    });
  } finally {
    watch.stop();
  }
  return measured as Measured;
}

function report(measured: Measured, markitdown: ReturnType<typeof convertWithMarkitdown>): void {
  const { book, folder, embedder } = measured;
  const document = book.documents[0]!;
  const pages = document.pages ?? 0;
  const stage = (times: DocumentTimes[], name: (typeof INGEST_STAGES)[number]) =>
    times.reduce((sum, each) => sum + (each.seconds[name] ?? 0), 0);

  console.log(`\nOne PDF of ${pages} pages: ${document.status}, ${document.chunks} chunks`);
  console.table({
    'pages a second': round(pages / book.seconds),
    seconds: round(book.seconds),
    ...Object.fromEntries(INGEST_STAGES.map((name) => [`  ${name}, s`, round(stage([document], name))])),
    'peak memory of the process, MB': megabytes(book.memory.process),
    'with its children, MB': megabytes(book.memory.tree),
  });

  console.log(`\nA folder of ${folder.documents.length} mixed documents: seconds of each in each stage`);
  console.table(
    folder.documents.map((each) => ({
      file: basename(each.file),
      pages: each.pages,
      chunks: each.chunks,
      ...Object.fromEntries(INGEST_STAGES.map((name) => [name, round(each.seconds[name] ?? 0)])),
      end: each.failure ?? each.status,
    })),
  );
  console.log(
    `${round(folder.seconds)} s in all, peak memory ${megabytes(folder.memory.process)} MB, with children ${megabytes(folder.memory.tree)} MB`,
  );

  const stageRate = book.tokens / stage([document], 'EMBEDDING');
  const aloneRate = embedder.tokens / embedder.seconds;
  // On a machine with other work the clock says little about the two: their processor time does.
  const stageCpuRate = book.tokens / (document.cpuSeconds.EMBEDDING ?? 0);
  const aloneCpuRate = embedder.tokens / embedder.cpuSeconds;
  console.log('\nThe embed stage beside the embedder called alone on its texts');
  console.table({
    'embed stage, tokens/s': round(stageRate),
    [`embedder alone (${embedder.texts} texts), tokens/s`]: round(aloneRate),
    'stage / alone': round(stageRate / aloneRate, 2),
    'the same by processor time': round(stageCpuRate / aloneCpuRate, 2),
  });

  console.log('\nThe parse stage beside markitdown');
  const parse = [document, ...folder.documents].map((each, i) => {
    const theirs = typeof markitdown === 'string' ? undefined : markitdown[i];
    return {
      file: basename(each.file),
      'parse stage, s': round(each.seconds.PARSING ?? 0, 2),
      'markitdown, s': theirs ? round(theirs.seconds, 2) : null,
      'its characters': theirs ? (theirs.characters ?? 'failed, or given up') : null,
      ours: each.failure ?? each.status,
    };
  });
  if (typeof markitdown === 'string') console.log(`markitdown is left out: ${markitdown}`);
  console.table(parse);

  const within = document.status === 'READY' && book.memory.process <= LIMIT_BYTES;
  console.log(
    within
      ? `The process stayed under ${megabytes(LIMIT_BYTES)} MB.`
      : `The document is ${document.status}; the process reached ${megabytes(book.memory.process)} MB of ${megabytes(LIMIT_BYTES)}.`,
  );
  process.exitCode = within ? 0 : 1;
  const result = {
    book: {
      pages,
      chunks: document.chunks,
      seconds: round(book.seconds),
      pagesPerSecond: round(pages / book.seconds),
      stages: Object.fromEntries(INGEST_STAGES.map((name) => [name, round(stage([document], name))])),
      peakProcessMb: megabytes(book.memory.process),
      peakTreeMb: megabytes(book.memory.tree),
    },
    folder: {
      documents: folder.documents.length,
      ready: folder.documents.filter((each) => each.status === 'READY').length,
      seconds: round(folder.seconds),
      stages: Object.fromEntries(INGEST_STAGES.map((name) => [name, round(stage(folder.documents, name))])),
      peakProcessMb: megabytes(folder.memory.process),
      peakTreeMb: megabytes(folder.memory.tree),
    },
    embed: {
      stageTokensPerSecond: round(stageRate),
      aloneTokensPerSecond: round(aloneRate),
      stageTokensPerCpuSecond: round(stageCpuRate),
      aloneTokensPerCpuSecond: round(aloneCpuRate),
    },
    parse: {
      bookSeconds: round(stage([document], 'PARSING')),
      markitdownBookSeconds: typeof markitdown === 'string' ? null : round(markitdown[0]!.seconds),
    },
  };
  console.log(`RESULT bench-ingest ${JSON.stringify(result)}`);
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1024 ** 2);
}
