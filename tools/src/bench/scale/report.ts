import type { Percentiles } from '../percentiles.ts';
import type { IndexBuild } from './build.ts';
import type { LanceBuild, LanceMeasured } from './lancedb.ts';
import type { Measured } from './midplane.ts';
import { gigabytes } from './sizes.ts';

/** What a run has found out. */
export interface Report {
  chunks: number;
  shape: string;
  server: string;
  /** Seconds are null where a run before has written them. */
  load: { seconds: number; tableBytes: number };
  builds: Record<string, IndexBuild>;
  embedder: Percentiles;
  rerankedStates: { chunks: number; bytes: number };
  midplane: Measured[];
  lancedb: { build: LanceBuild; measured: LanceMeasured[] } | null;
}

/** Goals of the issue: `search` beside the embedder in milliseconds, and the share of the exact best. */
export const GOALS = { p95: 50, recall: 0.98 };

const ms = ({ p50, p95, p99 }: Percentiles): string =>
  [p50, p95, p99].map((time) => time.toFixed(1)).join(' / ');
const share = (value: number | null): string => (value === null ? '–' : value.toFixed(3));

/** Prints a report for people, and its last line for programs. */
export function print(report: Report): void {
  const { chunks, shape, server, load, builds, lancedb } = report;
  const lines = [
    `${chunks.toLocaleString('en')} chunks, ${shape}. Postgres: ${server}.`,
    '',
    '| | seconds | on disk | most memory |',
    '|---|---|---|---|',
    `| rows written: chunks, words, vectors | ${load.seconds.toFixed(0)} | ${gigabytes(load.tableBytes)} | |`,
    ...Object.entries(builds).map(
      ([name, { seconds, bytes, memory }]) =>
        `| ${name} | ${seconds.toFixed(0)} | ${gigabytes(bytes)} | ${memory === null ? '–' : gigabytes(memory)} |`,
    ),
    ...(lancedb ? lanceLines(lancedb.build) : []),
    '',
    `Times in milliseconds, p50 / p95 / p99; the embedder alone: ${ms(report.embedder)}.`,
    '',
    '| scope | chunks | plans: words, vectors | BM25 | vectors | search | beside the embedder | recall of 50 nearest | of 10 | of 50 by words |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...report.midplane.map((row) =>
      [
        '',
        row.scope,
        row.chunks.toLocaleString('en'),
        `${row.plans.lexical}, ${row.plans.vector}`,
        ...[row.lexical, row.vector, row.search, row.besideEmbedder].map(ms),
        ...[row.recall.vector50, row.recall.vector10, row.recall.lexical50].map(share),
        '',
      ].join(' | '),
    ),
  ];
  if (lancedb)
    lines.push(
      '',
      '| LanceDB: scope | settings | full text | vectors | both at once | recall of 50 nearest | of 10 |',
      '|---|---|---|---|---|---|---|',
      ...lancedb.measured.map((row) =>
        [
          '',
          row.scope,
          row.settings,
          ...[row.lexical, row.vector, row.both].map(ms),
          share(row.recall.vector50),
          share(row.recall.vector10),
          '',
        ].join(' | '),
      ),
    );
  const held = report.midplane.every(
    ({ besideEmbedder, recall }) => besideEmbedder.p95 <= GOALS.p95 && recall.vector50 >= GOALS.recall,
  );
  lines.push(
    '',
    `Goal: p95 of search beside the embedder at most ${GOALS.p95} ms and recall at least ${GOALS.recall} in every scope: ${held ? 'held' : 'missed'}.`,
    `RESULT scale ${JSON.stringify({ ...report, held })}`,
  );
  console.log(lines.map((line) => line.trim()).join('\n'));
}

function lanceLines(build: LanceBuild): string[] {
  const line = (title: string, seconds: number, disk = '', memory = '') =>
    `| LanceDB: ${title} | ${seconds.toFixed(0)} | ${disk} | ${memory} |`;
  return [
    line('rows written', build.loadSeconds),
    line('vector index', build.vectorIndexSeconds),
    line('word index', build.wordIndexSeconds),
    line(
      'indexes of base and reader',
      build.otherIndexSeconds,
      gigabytes(build.bytes),
      gigabytes(build.memory),
    ),
  ];
}
