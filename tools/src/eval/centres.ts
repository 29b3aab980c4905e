import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { encodeVector } from '@midplane/contracts';
import { createInference, SHIPPED_MODEL } from '@midplane/inference';
import { readRetrievalSets } from './retrieval-sets.js';
import { meanTokenState } from './token-means.js';

/**
 * `npm run eval:centres [-- --write]`: measures the centres of the two languages over the passages of half of XQuAD, the
 * same text in both, shows what moving the vectors onto a common centre does, and writes them to the model's card; and
 * with them the mean states of the tokens of each language.
 */

/** Of what both languages share, so much is taken too: cosines lie less close together. More costs Recall@1 in English. */
const SHARE_OF_COMMON = 0.25;
const CARD = new URL(`../../../libs/inference/models/${SHIPPED_MODEL}/midplane.json`, import.meta.url);

const inference = createInference();
const { sets, corpora } = readRetrievalSets();

async function embed(role: 'query' | 'passage', texts: string[]): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (let at = 0; at < texts.length; at += 64) {
    const part = texts.slice(at, at + 64);
    vectors.push(...(await inference.embed({ role, urgency: 'bulk', texts: part, centred: false })).vectors);
  }
  return vectors;
}

function mean(vectors: Float32Array[]): Float32Array {
  const sum = new Float32Array(vectors[0]!.length);
  for (const vector of vectors) vector.forEach((value, i) => (sum[i]! += value / vectors.length));
  return sum;
}

function move(vectors: Float32Array[], centre: Float32Array): Float32Array[] {
  return vectors.map((vector) => {
    const moved = vector.map((value, i) => value - centre[i]!);
    const length = Math.hypot(...moved);
    return moved.map((value) => value / length);
  });
}

/** Share of the questions whose passage is among the first k. */
function recall(k: number, questions: Float32Array[], passages: Float32Array[], gold: number[]): string {
  const found = questions.filter((question, n) => {
    const cosines = passages.map((passage) =>
      passage.reduce((sum, value, i) => sum + value * question[i]!, 0),
    );
    return cosines.filter((cosine) => cosine > cosines[gold[n]!]!).length < k;
  });
  return (found.length / questions.length).toFixed(3);
}

const questionsOf = (name: string) => sets.find((set) => set.name === name)!.questions;
const gold = questionsOf('XQuAD en').map(({ passage }) => passage);
const passages = {
  en: await embed('passage', corpora.get('XQuAD en')!),
  zh: await embed('passage', corpora.get('XQuAD zh')!),
};
const questions = {
  en: await embed(
    'query',
    questionsOf('XQuAD en').map(({ text }) => text),
  ),
  zh: await embed(
    'query',
    questionsOf('XQuAD zh').map(({ text }) => text),
  ),
};
await inference.close();

const means = { en: mean(passages.en), zh: mean(passages.zh) };
const common = means.en.map((value, i) => (value + means.zh[i]!) / 2);
const centreOf = (own: Float32Array) => own.map((value, i) => value - (1 - SHARE_OF_COMMON) * common[i]!);
const centres = { en: centreOf(means.en), zh: centreOf(means.zh) };

type Vectors = Record<'en' | 'zh', Float32Array[]>;
const report: Record<string, string> = {};
function row(name: string, asked: Vectors, given: Vectors): void {
  // Every passage in one language only, the languages taking turns: the rest of the other language is noise.
  const mixed = given.en.map((vector, n) => (n % 2 === 0 ? vector : given.zh[n]!));
  const inEnglish = gold.flatMap((passage, n) => (passage % 2 === 0 ? [n] : []));
  const inChinese = gold.flatMap((passage, n) => (passage % 2 === 1 ? [n] : []));
  const figures = {
    en: [asked.en, given.en, gold],
    zh: [asked.zh, given.zh, gold],
    'zh asks en': [asked.zh, given.en, gold],
    'en asks zh': [asked.en, given.zh, gold],
    'zh asks en, mixed': [inEnglish.map((n) => asked.zh[n]!), mixed, inEnglish.map((n) => gold[n]!)],
    'en asks zh, mixed': [inChinese.map((n) => asked.en[n]!), mixed, inChinese.map((n) => gold[n]!)],
  } satisfies Record<string, [Float32Array[], Float32Array[], number[]]>;
  for (const [set, args] of Object.entries(figures) as [
    string,
    [Float32Array[], Float32Array[], number[]],
  ][]) {
    report[`${name}: ${set}`] = `${recall(1, ...args)} / ${recall(5, ...args)}`;
    process.stdout.write(`${name.padEnd(10)} ${set.padEnd(20)} ${report[`${name}: ${set}`]}\n`);
  }
}
process.stdout.write('vectors    set                  Recall@1 / Recall@5\n');
row('as given', questions, passages);
row(
  'moved',
  { en: move(questions.en, centres.en), zh: move(questions.zh, centres.zh) },
  { en: move(passages.en, centres.en), zh: move(passages.zh, centres.zh) },
);

if (process.argv.includes('--write')) {
  const card = JSON.parse(readFileSync(CARD, 'utf8')) as { prefixes: { passage: string } };
  const languageCentres = { han: encodeVector(centres.zh), other: encodeVector(centres.en) };
  const meanOf = async (corpus: 'XQuAD zh' | 'XQuAD en') =>
    encodeVector(
      await meanTokenState(fileURLToPath(new URL('.', CARD)), card.prefixes.passage, corpora.get(corpus)!),
    );
  const tokenCentres = { han: await meanOf('XQuAD zh'), other: await meanOf('XQuAD en') };
  writeFileSync(CARD, `${JSON.stringify({ ...card, languageCentres, tokenCentres }, null, 2)}\n`);
}
process.stdout.write(`RESULT eval-centres ${JSON.stringify(report)}\n`);
