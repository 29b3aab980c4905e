import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Provisioned } from '@midplane/kernel';
import { PublicApi } from './public-api.js';

const SAMPLES = fileURLToPath(new URL('../samples', import.meta.url));
const SAMPLE_BASE = 'samples';
const QUESTION = 'What is the daily allowance for China?';

/**
 * The first minute: makes the sample knowledge base once, asks it a question through the public API, and prints the
 * cited answer and where everything is. Whatever goes wrong here is said, and the platform stays up.
 * @param url where the platform answers
 */
export async function welcome(url: string, administrator: Provisioned, home: string): Promise<void> {
  const api = new PublicApi(url, administrator.key);
  const say = (line = '') => process.stdout.write(`${line}\n`);
  say(`\nMidplane is up on ${url}`);
  try {
    const base = await sampleBase(api, home, say);
    if (base) await askFirstQuestion(api, base, say);
  } catch (error) {
    say(`The sample question could not be answered: ${(error as Error).message}`);
  }
  say(`  Open        ${url}/graphql  (GraphiQL)`);
  say(
    `  Key         ${administrator.keyFile}${administrator.created ? `  (shown this once: ${administrator.key})` : ''}`,
  );
  say('  Your files  npx midplane upload <folder> --kb <name>');
  say('  Ask         npx midplane ask "…"');
  say('  Stop        Ctrl+C; the data stays\n');
}

/** @returns the id of the sample base, or undefined where somebody has removed it */
async function sampleBase(
  api: PublicApi,
  home: string,
  say: (line: string) => void,
): Promise<string | undefined> {
  const done = join(home, 'samples.done');
  const found = await api.baseNamed(SAMPLE_BASE);
  if (existsSync(done)) return found;
  const base =
    found ?? (await api.createBase(SAMPLE_BASE, 'What came with Midplane: three documents to try it on.'));
  const files = (await readdir(SAMPLES)).sort();
  say(`Reading ${files.length} sample documents: ${files.join(', ')} …`);
  const documents = await Promise.all(files.map((file) => api.upload(base, join(SAMPLES, file))));
  for (const id of documents) await untilReady(api, id);
  await writeFile(done, '');
  return base;
}

async function untilReady(api: PublicApi, id: string): Promise<void> {
  for (;;) {
    const { title, status, failure } = await api.document(id);
    if (status === 'READY') return;
    if (failure) throw new Error(`${title}: ${failure.message}`);
    await sleep(200);
  }
}

async function askFirstQuestion(api: PublicApi, base: string, say: (line?: string) => void): Promise<void> {
  const answer = await api.ask(QUESTION, base);
  say(`\n  Q  ${QUESTION}`);
  say(`  A  ${answer.text.replaceAll('\n', '\n     ')}`);
  for (const { index, documentTitle, page, quote } of answer.citations) {
    say(
      `     [${index}] ${documentTitle}${page === null ? '' : `, page ${page}`}: “${quote.replace(/\s+/g, ' ')}”`,
    );
  }
  say(`     ${answer.label} · ${answer.model}\n`);
}
