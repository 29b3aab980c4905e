import { parseArgs } from 'node:util';
import type { Locale } from '@midplane/contracts';
import { runInContext } from '@midplane/kernel';
import { mergeHits, partsOf, RuleCompleter } from '@midplane/sessions';
import { type Conversation, CONVERSATIONS_EN, CONVERSATIONS_ZH } from '@midplane/sessions/follow-ups';
import { administratorOf, boot } from './boot.ts';
import { addPassages } from './passages.ts';
import { readRetrievalSets } from './retrieval-sets.ts';
import { embedPassages } from './embedding-cache.ts';

/**
 * `npm run eval:follow-ups [-- --misses]`: how often a follow-up, completed by the rules, finds what the question finds
 * that a person would write in full, beside the follow-up as it was typed. All passages of all development sets stand
 * in one knowledge base. Then two questions asked as one: how often the passages of both are found, by the whole and in
 * parts. --misses: shows those that found something else, of the half that is not held out.
 */
const { values: options } = parseArgs({ options: { misses: { type: 'boolean', default: false } } });

const CORPORA = { en: 'XQuAD en', zh: 'XQuAD zh' } as const;
const say = (line: string) => process.stderr.write(`${line}\n`);

/** How one wording of a question did against the full one. */
interface Found {
  /** Its first passage is the full question's first. */
  same1: boolean;
  /** The full question's first passage is among its first five. */
  same5: boolean;
  /** The passage that answers comes first. */
  right1: boolean;
  right5: boolean;
}

interface Outcome {
  language: Locale;
  heldOut: boolean;
  conversation: Conversation;
  completedAs: string;
  typed: Found;
  completed: Found;
  full: Found;
}

/** Two questions asked as one: what was found of them among the first `TOP`. */
interface Double {
  language: Locale;
  /** Whether it was cut into just these two. */
  cut: boolean;
  /** Whether the passages of both were found. */
  whole: boolean;
  inParts: boolean;
}

/** Passages that `ask` takes. */
const TOP = 8;
/** Every so many questions is asked together with one from another article. */
const EVERY = 5;

const { corpora, sets } = readRetrievalSets();
const booted = await boot();
const { kernel } = booted;
const outcomes: Outcome[] = [];
const doubles: Double[] = [];
try {
  await runInContext(await administratorOf(kernel, 'evaluation'), measure);
} finally {
  await booted.stop();
}
report();

async function measure(): Promise<void> {
  const inference = kernel.registry.client('inference');
  const retrieval = kernel.registry.client('retrieval');
  const [model] = await inference.embeddingModels();
  const texts = [...corpora.values()].flat();
  const embed = (batch: string[]) =>
    inference.embed({ role: 'passage', urgency: 'bulk', tokenStates: true, texts: batch });
  const embedded = await embedPassages(model!, texts, embed, (done, total) =>
    say(`embedded ${done} of ${total} passages`),
  );
  const base = await addPassages(kernel.database, 'all sets', model!, texts, embedded);
  await kernel.database.dataSource.query('analyze');

  const hitsOf = async (query: string, topK: number) =>
    (await retrieval.search({ query, knowledgeBaseIds: [base.knowledgeBaseId], topK })).hits;
  const search = async (query: string) => (await hitsOf(query, 5)).map(({ chunkId }) => chunkId);
  const completer = new RuleCompleter();
  for (const [language, conversations] of [
    ['en', CONVERSATIONS_EN],
    ['zh', CONVERSATIONS_ZH],
  ] as const) {
    const first = firstPassageOf(CORPORA[language]);
    for (const [i, conversation] of conversations.entries()) {
      const { earlier, answer = '', question, full, passage } = conversation;
      const turn = { messageId: '', question: earlier, answer, abstained: answer === '', documentIds: [] };
      const completedAs = (await completer.complete(question, [turn], language)).text;
      const wanted = await search(full);
      const gold = base.chunkIds[first + passage]!;
      const found = (hits: string[]): Found => ({
        same1: hits[0] === wanted[0],
        same5: hits.includes(wanted[0]!),
        right1: hits[0] === gold,
        right5: hits.includes(gold),
      });
      outcomes.push({
        language,
        heldOut: i % 2 === 1,
        conversation,
        completedAs,
        typed: found(await search(question)),
        completed: found(await search(completedAs)),
        full: found(wanted),
      });
    }
    const { questions } = sets.find(({ name }) => name === CORPORA[language])!;
    for (let i = 0; i < questions.length; i += EVERY) {
      const one = questions[i]!;
      const other = questions[(i + Math.floor(questions.length / 2)) % questions.length]!;
      const double = together(one.text, other.text, language);
      const golds = [one, other].map(({ passage }) => base.chunkIds[first + passage]!);
      const parts = partsOf(double, language);
      const both = (hits: { chunkId: string }[]) =>
        golds.every((gold) => hits.some(({ chunkId }) => chunkId === gold));
      doubles.push({
        language,
        cut: parts.length === 2,
        whole: both(await hitsOf(double, TOP)),
        inParts: both(mergeHits(await Promise.all(parts.map((part) => hitsOf(part, TOP))), TOP)),
      });
    }
  }
}

/** As people write two questions in one: "When …, and who …?", "……是什么时候，……是谁？" */
function together(one: string, other: string, language: Locale): string {
  const begin = one.replace(/[?？.。\s]+$/u, '');
  if (language === 'zh') return `${begin}，${other}`;
  return `${begin}, and ${other.charAt(0).toLowerCase()}${other.slice(1)}`;
}

/** Where a corpus begins in the list of all passages. */
function firstPassageOf(name: string): number {
  let at = 0;
  for (const [corpus, texts] of corpora) {
    if (corpus === name) return at;
    at += texts.length;
  }
  throw new Error(`There is no corpus ${name}.`);
}

function report(): void {
  if (options.misses) {
    for (const { conversation, completedAs, completed, heldOut } of outcomes) {
      if (heldOut || completed.same1) continue;
      const { earlier, question, full, kind } = conversation;
      console.log(
        `${kind}${completed.same5 ? '' : ' (not in five)'}: ${earlier} — ${question}\n   ${completedAs}\n   ${full}`,
      );
    }
  }
  const groups: [string, (outcome: Outcome) => boolean][] = [];
  for (const language of ['en', 'zh']) {
    groups.push([`${language}, all`, (each) => each.language === language]);
    groups.push([`${language}, held out`, (each) => each.language === language && each.heldOut]);
  }
  for (const kind of new Set(outcomes.map((each) => each.conversation.kind)))
    groups.push([kind, (each) => each.conversation.kind === kind]);
  groups.push(['all', () => true]);

  const header = ['follow-ups', 'number', 'as typed', 'completed', 'right: as typed', 'completed', 'full'];
  console.log('\nShare that finds first (among the first five) what the full question finds first;');
  console.log('right: share that finds the passage that answers.\n');
  console.log(`| ${header.join(' | ')} |\n|${header.map(() => '---').join('|')}|`);
  const result: Record<string, Record<string, number>> = {};
  for (const [name, belongs] of groups) {
    const group = outcomes.filter(belongs);
    const share = (holds: (outcome: Outcome) => boolean) => group.filter(holds).length / group.length;
    const numbers = {
      typed1: share(({ typed }) => typed.same1),
      typed5: share(({ typed }) => typed.same5),
      completed1: share(({ completed }) => completed.same1),
      completed5: share(({ completed }) => completed.same5),
      rightTyped1: share(({ typed }) => typed.right1),
      rightTyped5: share(({ typed }) => typed.right5),
      rightCompleted1: share(({ completed }) => completed.right1),
      rightCompleted5: share(({ completed }) => completed.right5),
      rightFull1: share(({ full }) => full.right1),
      rightFull5: share(({ full }) => full.right5),
    };
    result[name] = { count: group.length, ...numbers };
    const cells = Object.values(numbers).map((value) => value.toFixed(3).replace(/^0/, ''));
    const pairs = [0, 2, 4, 6, 8].map((at) => `${cells[at]} / ${cells[at + 1]}`);
    console.log(`| ${[name, group.length, ...pairs].join(' | ')} |`);
  }
  const left = outcomes.filter(({ conversation }) => conversation.kind === 'switch');
  const kept = left.filter(({ conversation, completedAs }) => completedAs === conversation.question).length;
  console.log(`\nChanges of subject left as they were: ${kept} of ${left.length}.`);
  const switchesKept = kept / left.length;
  const doubled = reportDoubles();
  console.log(`RESULT eval-follow-ups ${JSON.stringify({ groups: result, switchesKept, doubles: doubled })}`);
}

function reportDoubles(): Record<string, Record<string, number>> {
  console.log(`\nTwo questions in one: share with the passages of both among the first ${TOP}.\n`);
  console.log(
    '| language | number | cut in two | searched whole | searched in parts |\n|---|---|---|---|---|',
  );
  const result: Record<string, Record<string, number>> = {};
  for (const language of ['en', 'zh']) {
    const group = doubles.filter((each) => each.language === language);
    const share = (key: 'cut' | 'whole' | 'inParts') =>
      group.filter((each) => each[key]).length / group.length;
    const numbers = { cut: share('cut'), whole: share('whole'), inParts: share('inParts') };
    result[language] = { count: group.length, ...numbers };
    const cells = Object.values(numbers).map((value) => value.toFixed(3).replace(/^0/, ''));
    console.log(`| ${[language, group.length, ...cells].join(' | ')} |`);
  }
  return result;
}
