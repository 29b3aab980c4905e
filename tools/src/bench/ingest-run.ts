/**
 * The process that `bench:ingest` measures: the modules of the ingest and the inference service. It gets its work by
 * IPC, and tells when each part of it begins and what came out.
 */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DocumentStatus } from '@midplane/contracts';
import { inferenceConfig, InferenceModule, inferenceOptions } from '@midplane/inference';
import { type Kernel, kernelConfig, openKernel, readConfig, runService } from '@midplane/kernel';
import { ingestConfig, IngestModule, KNOWLEDGE_ENTITIES, passageText } from '@midplane/knowledge';
import { MIGRATIONS } from '@midplane/migrations';
import { asPrincipal, createKnowledgeBase, createPrincipal, uploadDocument } from '@midplane/testing';

const POLL_MS = 50;
const EMBED_BATCH = 64;

/** What is to be ingested. */
export interface IngestTask {
  book: string;
  folder: string[];
  /** Chunks of the book that the embedder is given alone. */
  embedSample: number;
}

/** One document's way. */
export interface DocumentTimes {
  file: string;
  status: DocumentStatus;
  failure: string | null;
  pages: number | null;
  chunks: number;
  /** Seconds in each status. */
  seconds: Partial<Record<DocumentStatus, number>>;
  /** Processor seconds of the whole process in each status. */
  cpuSeconds: Partial<Record<DocumentStatus, number>>;
}

export interface IngestMeasure {
  /** Seconds from the first upload to the last document's end. */
  seconds: number;
  documents: DocumentTimes[];
}

export interface EmbedMeasure {
  texts: number;
  tokens: number;
  seconds: number;
  cpuSeconds: number;
}

/** What the process tells, in this order. */
export type IngestMessage =
  | { part: 'ready' }
  | { part: 'book'; measure: IngestMeasure; tokens: number }
  | { part: 'folder'; measure: IngestMeasure }
  | { part: 'embedder'; measure: EmbedMeasure };

const tell = (message: IngestMessage): void => void process.send?.(message);

process.once('disconnect', () => process.exit(1));
process.once('message', (task: IngestTask) => {
  run(task).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${(error as Error).stack}\n`);
      process.exit(1);
    },
  );
});

async function run(task: IngestTask): Promise<void> {
  const config = readConfig(process.env, kernelConfig, inferenceConfig, ingestConfig);
  const kernel = await openKernel({
    service: 'bench',
    config,
    migrations: MIGRATIONS,
    entities: KNOWLEDGE_ENTITIES,
  });
  const service = await runService({
    kernel,
    modules: [InferenceModule.forRoot(inferenceOptions(config)), IngestModule.forRoot(config)],
    rpc: false,
  });
  const admin = await createPrincipal(kernel.database, { roles: ['knowledge-admin'] });
  await asPrincipal(admin, async () => {
    tell({ part: 'ready' });
    const book = await ingest(kernel, [task.book]);
    const tokens = await kernel.database.tenant((manager) =>
      manager.query<{ tokens: number }[]>('select sum(tokens)::int as tokens from chunk'),
    );
    tell({ part: 'book', measure: book, tokens: tokens[0]!.tokens });
    const texts = await sampleTexts(kernel, task.embedSample);
    tell({ part: 'folder', measure: await ingest(kernel, task.folder) });
    tell({ part: 'embedder', measure: await embedAlone(kernel, texts) });
  });
  await service.stop();
}

/** Uploads files and follows them to their end. */
async function ingest(kernel: Kernel, files: string[]): Promise<IngestMeasure> {
  const base = await createKnowledgeBase(kernel);
  const client = kernel.registry.client('ingest');
  const begun = performance.now();
  const following = files.map(async (file): Promise<DocumentTimes> => {
    const content = createReadStream(file);
    const upload = { knowledgeBaseId: base.id, fileName: basename(file), content };
    let { document } = await uploadDocument(kernel, upload);
    const seconds: DocumentTimes['seconds'] = {};
    const cpuSeconds: DocumentTimes['cpuSeconds'] = {};
    let since = performance.now();
    let cpuSince = cpuNow();
    while (document.status !== 'READY' && document.status !== 'FAILED') {
      await sleep(POLL_MS);
      const { status } = document;
      document = (await client.document({ id: document.id }))!;
      const now = performance.now();
      const cpu = cpuNow();
      seconds[status] = (seconds[status] ?? 0) + (now - since) / 1000;
      cpuSeconds[status] = (cpuSeconds[status] ?? 0) + cpu - cpuSince;
      since = now;
      cpuSince = cpu;
    }
    const { status, failure, pageCount: pages, chunkCount: chunks } = document;
    return { file, status, failure: failure?.code ?? null, pages, chunks, seconds, cpuSeconds };
  });
  const documents = await Promise.all(following);
  return { seconds: (performance.now() - begun) / 1000, documents };
}

/** @returns texts as the embed stage gives them to the embedder, spread over what is there */
async function sampleTexts(kernel: Kernel, count: number): Promise<{ text: string; tokens: number }[]> {
  const rows = await kernel.database.tenant((manager) =>
    manager.query<{ text: string; headings: string[]; tokens: number }[]>(
      'select text, headings, tokens from chunk order by document_id, ordinal',
    ),
  );
  const step = Math.max(1, Math.floor(rows.length / count));
  return rows
    .filter((_, i) => i % step === 0)
    .slice(0, count)
    .map((row) => ({ text: passageText(row), tokens: row.tokens }));
}

/** The embedder and nothing else, kept as busy as it can be. */
async function embedAlone(kernel: Kernel, sample: { text: string; tokens: number }[]): Promise<EmbedMeasure> {
  const inference = kernel.registry.client('inference');
  const texts = sample.map(({ text }) => text);
  const begun = performance.now();
  const cpuBegun = cpuNow();
  const calls: Promise<unknown>[] = [];
  for (let at = 0; at < texts.length; at += EMBED_BATCH) {
    const batch = texts.slice(at, at + EMBED_BATCH);
    calls.push(inference.embed({ role: 'passage', urgency: 'bulk', texts: batch }));
  }
  await Promise.all(calls);
  return {
    texts: texts.length,
    tokens: sample.reduce((sum, { tokens }) => sum + tokens, 0),
    seconds: (performance.now() - begun) / 1000,
    cpuSeconds: cpuNow() - cpuBegun,
  };
}

/** @returns processor seconds of this process, all its threads together */
function cpuNow(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
