import { describe, expect, it } from 'vitest';
import type { Turn } from '../answer/answerer.port.js';
import { contentWords } from '../text/words.js';
import {
  type FollowUp,
  FOLLOW_UPS_EN,
  FOLLOW_UPS_ZH,
  STANDALONE_EN,
  STANDALONE_ZH,
} from './follow-ups.fixture.js';
import { CONVERSATIONS_EN, CONVERSATIONS_ZH } from './fixtures/index.js';
import { RuleCompleter } from './rule.completer.js';

/** Share of the conversations over real passages whose completed question holds .8 of the full one's words. */
const LEAST_DONE = 0.7;

const completer = new RuleCompleter();

function turn(question: string, answer = 'An answer. [1]'): Turn {
  return { messageId: 'm', question, answer, abstained: false, documentIds: ['d'] };
}

/** Share of the full question's words that the completed one holds. */
function held(full: string, completed: string): number {
  const words = new Set(contentWords(full));
  const within = new Set(contentWords(completed));
  return [...words].filter((word) => within.has(word)).length / words.size;
}

const cases: ['en' | 'zh', FollowUp][] = [
  ...FOLLOW_UPS_EN.map((each): ['en', FollowUp] => ['en', each]),
  ...FOLLOW_UPS_ZH.map((each): ['zh', FollowUp] => ['zh', each]),
];

describe('RuleCompleter', () => {
  it.each(cases)('%s: $earlier — $question', async (language, { earlier, answer, question, full }) => {
    const { text, by } = await completer.complete(question, [turn(earlier, answer)], language);
    expect(by).toBe('rules');
    expect(held(full, text), `${text}\nis to hold the words of\n${full}`).toBeGreaterThanOrEqual(0.8);
  });

  it.each([
    ...STANDALONE_EN.map((question) => ['en', question] as const),
    ...STANDALONE_ZH.map((question) => ['zh', question] as const),
  ])('%s, left as it is: %s', async (language, question) => {
    const earlier =
      language === 'zh' ? '全职员工有多少天年假？' : 'How many days of annual leave do full-time staff get?';
    expect(await completer.complete(question, [turn(earlier)], language)).toEqual({
      text: question,
      by: 'asked',
      documentIds: [],
    });
  });

  it.each([
    ['en', CONVERSATIONS_EN],
    ['zh', CONVERSATIONS_ZH],
  ] as const)('%s: says what conversations over real passages left out', async (language, conversations) => {
    let done = 0;
    let leaning = 0;
    for (const { kind, earlier, answer = '', question, full } of conversations) {
      const { text, by } = await completer.complete(question, [turn(earlier, answer)], language);
      if (kind === 'switch') expect({ text, by }).toEqual({ text: question, by: 'asked' });
      else {
        leaning++;
        done += Number(held(full, text) >= 0.8);
      }
    }
    expect(done / leaning).toBeGreaterThanOrEqual(LEAST_DONE);
  });

  it('puts the new in the place of the old where both are alike', async () => {
    const ask = async (language: 'en' | 'zh', earlier: string, question: string) =>
      (await completer.complete(question, [turn(earlier)], language)).text;
    expect(
      await ask('en', 'How many days of annual leave do full-time staff get?', 'And for part-time staff?'),
    ).toBe('How many days of annual leave do part-time staff get?');
    expect(await ask('zh', '全职员工有多少天年假？', '那兼职员工呢？')).toBe('兼职员工有多少天年假？');
    expect(await ask('zh', '公司2023年的营业收入是多少？', '2024年呢？')).toBe(
      '公司2024年的营业收入是多少？',
    );
    expect(await ask('en', 'When was the Panama Canal opened?', 'How long is it?')).toBe(
      'How long is the Panama Canal?',
    );
  });

  it('names the documents whose words came in with an answer, and no others', async () => {
    const past = turn(
      'Who founded Midplane Industries?',
      'Midplane Industries was founded by Anna Keller. [1]',
    );
    expect((await completer.complete('Where was she born?', [past], 'en')).documentIds).toEqual(['d']);
    expect((await completer.complete('And when?', [past], 'en')).documentIds).toEqual([]);
  });

  it('leaves the first question of a conversation alone', async () => {
    expect(await completer.complete('And for part-time staff?', [], 'en')).toMatchObject({ by: 'asked' });
  });
});
