import type { QuestionTokens } from '@midplane/contracts';
import { toSimplified } from '../../text/simplified.js';

/** What asks in a question. */
const ASKS =
  /\b(?:who|whom|whose|what|which|when|where|why|how(?:\s+(?:many|much|long|old|far|large|big|tall|high|often|deep|fast))?)\b|什么时候|什么|为什么|为何|为啥|多少|多[大长高久远深快重宽]|哪[里儿些个位一年种天]?|谁|何时|何地|何|怎么样?|怎样|如何|几/giu;

/** How far what it asks about stands from that, in UTF-16 units: "which city", 哪座城市, 职务是什么. */
const NEAR = { en: 16, zh: 5 };

/** Weights of a question's tokens, in their order, where only some of them count. */
export interface AskedTokens {
  /** The words that ask, each token as much as the others. */
  asking: number[];
  /** What stands beside them, each by its own weight. */
  beside: number[];
}

/** Finds the tokens by which a question asks, and those that say what for. */
export function askedTokens(question: string, { starts, weights }: QuestionTokens): AskedTokens {
  const asking = new Array<number>(weights.length).fill(0);
  const beside = new Array<number>(weights.length).fill(0);
  for (const { 0: word, index: from } of toSimplified(question).matchAll(ASKS)) {
    const to = from + word.length;
    const chinese = /\p{Script=Han}/u.test(word);
    const reach = chinese ? NEAR.zh : NEAR.en;
    for (const [token, start] of starts.entries()) {
      const end = starts[token + 1] ?? question.length;
      if (start < to && end > from) asking[token] = 1;
      else if (start >= to ? start < to + reach : chinese && end >= from - reach)
        beside[token] = weights[token]!;
    }
  }
  return { asking, beside: beside.map((weight, token) => (asking[token] ? 0 : weight)) };
}
