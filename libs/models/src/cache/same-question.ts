/** Words that two ways of asking the same may differ in. Whatever is not here is taken for a word that matters. */
const FUNCTION_WORDS = new Set(
  `a about an and any are as at be by can could did do does for from get gets give has have hello hi how i in is it
  its kindly know like many may me might much my of on or our please shall should show tell that the their there these
  they this those to up us want was we were what when where which who why will with would you your`.split(
    /\s+/u,
  ),
);
const FUNCTION_CHARACTERS = new Set(
  '的了吗呢吧啊呀么嘛是有在和与及或请问我们您你想要知道一下告诉给对于关于这那个些其可以能会该应怎样如何什多少几哪里儿谁为之所得到说明介绍下',
);
/** A denial turns an answer round; English ones are looked for as words, Chinese ones as characters. */
const DENIALS = new Set(`no not never none nor neither without except cannot non`.split(' '));
const DENIAL_CHARACTERS = /[不没無无非未别勿莫除禁]/u;

const WORD = /[\p{Script=Han}]|[\p{L}\p{M}\p{N}]+(?:[.,:/'’-][\p{L}\p{M}\p{N}]+)*/gu;
const HAN = /^\p{Script=Han}$/u;

/**
 * Whether an answer to one question answers the other: only words without content of their own differ, and numbers,
 * names and denials are the same, in the same order. Rather says no: a false yes gives a wrong answer.
 */
export function sameQuestion(a: string, b: string): boolean {
  const [first, second] = [wordsOf(a), wordsOf(b)];
  if (!sameList(marksOf(first), marksOf(second))) return false;
  const [mine, theirs] = [contentOf(first), contentOf(second)];
  return mine.size === theirs.size && [...mine].every((word) => theirs.has(word));
}

interface Word {
  text: string;
  /** Lower case, without the genitive. */
  plain: string;
  first: boolean;
}

function wordsOf(text: string): Word[] {
  const folded = text.normalize('NFKC').replace(/n['’]t\b/giu, ' not');
  return [...folded.matchAll(WORD)].map(([word], i) => ({
    text: word,
    plain: word.toLowerCase().replace(/['’]s$/u, ''),
    first: i === 0,
  }));
}

function contentOf(words: Word[]): Set<string> {
  return new Set(
    words.flatMap(({ plain }) => {
      const empty = HAN.test(plain) ? FUNCTION_CHARACTERS.has(plain) : FUNCTION_WORDS.has(plain);
      // Plurals of one word are one word; longer endings may make another.
      return empty ? [] : [/^[a-z]{4,}s$/u.test(plain) ? plain.slice(0, -1) : plain];
    }),
  );
}

/** @returns numbers, names and denials as they follow one another */
function marksOf(words: Word[]): string[] {
  return words.flatMap(({ text, plain, first }) => {
    const isName = /^\p{Lu}/u.test(text) && plain !== 'i' && !(first && FUNCTION_WORDS.has(plain));
    const isDenial = DENIALS.has(plain) || (HAN.test(text) && DENIAL_CHARACTERS.test(text));
    return isName || isDenial || /\p{N}/u.test(text) ? [plain] : [];
  });
}

const sameList = (a: string[], b: string[]): boolean =>
  a.length === b.length && a.every((each, i) => each === b[i]);
