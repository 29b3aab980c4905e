import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, CommandError, expect, type ProblemResult } from '../client/client.js';
import { type Document, DOCUMENT_FIELDS, listDocuments } from '../client/documents.js';
import { findOrMakeBase } from '../client/knowledge-bases.js';
import { uploadBody } from '../client/multipart.js';
import { say } from '../messages.js';
import { interactive, paint, print, printJson, printTable } from '../output/terminal.js';
import { UploadProgress } from '../output/upload-progress.js';
import { findFiles, type LocalFile, sha256 } from './files.js';

export interface UploadOptions {
  kb?: string;
  watch?: boolean;
  json?: boolean;
}

export interface UploadOutcome {
  path: string;
  outcome: 'ready' | 'present' | 'failed';
  documentId?: string;
  pages?: number | null;
  chunks?: number;
  code?: string;
  message?: string;
}

/** Uploads at once: the platform parses one after another anyway, and a slow link is filled by four. */
const PARALLEL = 4;

const UPLOAD = `mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) {
  ... on Document { ${DOCUMENT_FIELDS} } ... on Problem { __typename code message } } }`;

/** `midplane upload`: @returns the exit code, 1 where something failed */
export async function upload(client: Client, paths: string[], options: UploadOptions): Promise<number> {
  const files = await findFiles(paths);
  if (files.length === 0 && !options.watch)
    throw new CommandError(say('noFiles', { paths: paths.join(', ') }));
  const { base, made } = await findOrMakeBase(client, options.kb);
  if (made && !options.json) print(say('madeBase', { name: base.name }));

  const outcomes = await uploadAll(client, base.id, files, options.json ?? false);
  report(outcomes, options.json ?? false);
  if (options.watch) await watchAndUpload(client, base.id, paths, options.json ?? false);
  return outcomes.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
}

async function uploadAll(
  client: Client,
  baseId: string,
  files: LocalFile[],
  quiet: boolean,
): Promise<UploadOutcome[]> {
  const present = new Map(
    (await listDocuments(client, baseId)).map((document) => [document.sha256, document]),
  );
  const progress = new UploadProgress(files, interactive && !quiet);
  const follower = new AbortController();
  const stages = new StageFollower(client, progress, follower.signal);
  const queue = [...files];
  const outcomes: UploadOutcome[] = [];
  const worker = async () => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      const outcome = await uploadOne(client, baseId, file, present, progress, stages);
      outcomes.push(outcome);
      progress.finished(file.path);
      if (!interactive && !quiet) print(`${file.path}: ${describe(outcome)}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: PARALLEL }, worker));
  } finally {
    follower.abort();
    progress.close();
  }
  return outcomes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function uploadOne(
  client: Client,
  baseId: string,
  file: LocalFile,
  present: Map<string, Document>,
  progress: UploadProgress,
  stages: StageFollower,
): Promise<UploadOutcome> {
  const { path } = file;
  try {
    const known = present.get(await sha256(path));
    if (known && known.status === 'READY') return { ...settled(path, known), outcome: 'present' };
    if (known) return settled(path, await stages.end(known, path));
    const { body, headers } = uploadBody(
      UPLOAD,
      { input: { knowledgeBaseId: baseId, file: null } },
      'input.file',
      path,
      (count) => progress.sent(path, count),
    );
    const { uploadDocument } = await client.post<{ uploadDocument: Document | ProblemResult }>(body, headers);
    const document = expect(uploadDocument, 'Document');
    present.set(document.sha256, document);
    return settled(path, await stages.end(document, path));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { path, outcome: 'failed', message: error.message };
  }
}

function settled(path: string, document: Document): UploadOutcome {
  const { id: documentId, pageCount: pages, chunkCount: chunks, failure } = document;
  return failure
    ? { path, outcome: 'failed', documentId, code: failure.code, message: failure.message }
    : { path, outcome: 'ready', documentId, pages, chunks };
}

/** Asks after the stages of the documents on their way, all in one query, and tells who waits for them. */
class StageFollower {
  private readonly waiting = new Map<string, { path: string; done: (document: Document) => void }>();
  private polling?: Promise<void>;

  constructor(
    private readonly client: Client,
    private readonly progress: UploadProgress,
    private readonly signal: AbortSignal,
  ) {}

  /** @returns the document when it is READY or FAILED */
  end(document: Document, path: string): Promise<Document> {
    return new Promise((done, failed) => {
      this.waiting.set(document.id, { path, done });
      this.polling ??= this.poll();
      this.polling.catch(failed);
    });
  }

  private async poll(): Promise<void> {
    while (!this.signal.aborted) {
      await sleep(400, undefined, { signal: this.signal }).catch(() => undefined);
      for (const [id, waiter] of this.waiting) {
        const { document } = await this.client.request<{ document: Document | null }>(
          `query ($id: ID!) { document(id: $id) { ${DOCUMENT_FIELDS} } }`,
          { id },
        );
        if (!document) throw new CommandError(say('noDocument', { name: waiter.path }));
        this.progress.stage(waiter.path, document.status, document.progress);
        if (document.status !== 'READY' && document.status !== 'FAILED') continue;
        this.waiting.delete(id);
        waiter.done(document);
      }
    }
  }
}

function describe(outcome: UploadOutcome): string {
  if (outcome.outcome === 'failed') {
    return `${say('failed')}: ${outcome.message}${outcome.code ? ` (${outcome.code})` : ''}`;
  }
  const size =
    outcome.pages == null
      ? say('chunksOnly', { chunks: outcome.chunks ?? 0 })
      : say('pagesAndChunks', { pages: outcome.pages, chunks: outcome.chunks ?? 0 });
  return `${say(outcome.outcome)}, ${size}`;
}

function report(outcomes: UploadOutcome[], json: boolean): void {
  if (json) return printJson(outcomes);
  const colour = { ready: paint.green, present: paint.dim, failed: paint.red };
  if (interactive) {
    printTable(
      [say('file'), say('outcome'), say('detail')],
      outcomes.map((outcome) => [
        outcome.path,
        colour[outcome.outcome](say(outcome.outcome)),
        describe(outcome).replace(/^[^,:]+[,:] /, ''),
      ]),
    );
  }
  const count = (kind: UploadOutcome['outcome']) => outcomes.filter(({ outcome }) => outcome === kind).length;
  print(say('summary', { ready: count('ready'), present: count('present'), failed: count('failed') }));
}

/** Uploads what appears or changes under the paths, until the process is ended. */
async function watchAndUpload(
  client: Client,
  baseId: string,
  paths: string[],
  json: boolean,
): Promise<never> {
  if (!json) print(say('watching', { paths: paths.join(', ') }));
  const changed = new Set<string>();
  const settle = async () => {
    for (;;) {
      await sleep(1000);
      const batch = [...changed];
      changed.clear();
      const files = (await Promise.all(batch.map((path) => findFiles([path]).catch(() => [])))).flat();
      if (files.length > 0) report(await uploadAll(client, baseId, files, json), json);
    }
  };
  const follow = async (root: string) => {
    for await (const { filename } of watch(root, { recursive: true })) {
      const name = filename?.split(/[/\\]/).at(-1);
      if (filename && name && !name.startsWith('.') && !name.startsWith('~$'))
        changed.add(join(root, filename));
    }
  };
  await Promise.all([settle(), ...paths.map(follow)]);
  throw new CommandError('unreachable');
}
