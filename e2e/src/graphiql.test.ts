import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { testBrowser } from '@midplane/testing';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Api } from './client.js';
import { embedded, type Platform } from './forms.js';
import { ROOT } from './process.js';

/** How long the page may take for one step, in ms. */
const STEP_LIMIT_MS = 20_000;

let platform: Platform;
let browser: Browser;
let page: Page;
/** What the browser complained of: scripts that failed, what the page's policy refused, files that are missing. */
let complaints: string[];

beforeAll(async () => {
  const executablePath = await testBrowser();
  [platform, browser] = await Promise.all([embedded(), chromium.launch({ executablePath })]);
  await samplesReady(new Api(platform, platform.adminKey));
});
afterAll(async () => {
  await browser?.close();
  await platform?.close();
});

beforeEach(async () => {
  // Tall enough to show a whole result: the editor renders only the lines that are seen.
  page = await browser.newPage({ viewport: { width: 1600, height: 1200 } });
  page.setDefaultTimeout(STEP_LIMIT_MS);
  complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // Until there is a key, the page asks for the schema in vain.
    if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
  });
  await page.goto(`${platform.url}/graphql`);
});

/** Waits for the documents that the first start brings. */
async function samplesReady(api: Api): Promise<void> {
  interface Found {
    knowledgeBases: { nodes: { name: string; documents: { totalCount: number } }[] };
  }
  for (;;) {
    const { knowledgeBases } = await api.run<Found>(
      '{ knowledgeBases { nodes { name documents(status: READY) { totalCount } } } }',
    );
    if (knowledgeBases.nodes.some(({ name, documents }) => name === 'samples' && documents.totalCount === 3))
      return;
    await sleep(250);
  }
}

const editor = (file: string) => page.locator(`.monaco-editor[data-uri$="${file}"]`);

/** Puts the key where the page says: behind "Bearer". */
async function enterKey(key: string): Promise<void> {
  await editor('request-headers.json').getByText('Bearer').click();
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.insertText(key);
}

/** Replaces the operation, as by pasting one, runs it, and waits until the result holds a text. @returns the result, as it is seen */
async function runUntil(operation: string, text: string): Promise<string> {
  await editor('operation.graphql').click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(operation);
  await page.getByRole('button', { name: /Execute query/ }).click();
  const result = editor('response.json');
  await result.getByText(text).first().waitFor();
  return (await result.innerText()).replace(/\s+/g, ' ');
}

it("says what is missing without a key, and with it answers the README's question with its citation", async () => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const { query } = JSON.parse(/-d '(\{"query".*\})'/.exec(readme)![1]!) as { query: string };
  await editor('response.json').getByText('UNAUTHENTICATED').first().waitFor();
  await enterKey(platform.adminKey);
  const shown = await runUntil(query, 'travel-and-expenses.pdf');
  expect(shown).toContain('48 euros');
  expect(shown).toContain('"page": 2');
  expect(shown).toContain('"supported": true');
  expect(complaints).toEqual([]);
});

it('streams an answer, and shows the documentation once it has the key', async () => {
  await enterKey(platform.adminKey);
  const shown = await runUntil(
    'subscription { askStream(input: {question: "How long must a password be?"}) { __typename ... on AnswerDone { answer { text } } } }',
    '"AnswerDone"',
  );
  expect(shown).toContain('14 characters');
  await page.getByRole('button', { name: /Re-fetch GraphQL schema/ }).click();
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.getByRole('link', { name: 'Mutation', exact: true }).first().click();
  await page.getByText('createKnowledgeBase').first().waitFor();
  expect(complaints).toEqual([]);
});
