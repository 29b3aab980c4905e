import type { SearchHit } from '@midplane/contracts';
import { Lexicon } from '@midplane/kernel';
import { describe as suite, expect, it } from 'vitest';
import { numberPassages } from '../passage.js';
import { candidatesOf } from './candidates.js';
import { describe } from './sentence-features.js';

const LEXICON = new Lexicon(['what', '年假 annual leav', '加班 overtim']);

/** @param cosines 127ths, tokens of the question × words of the text */
function hit(text: string, score: number, cosines?: number[]): SearchHit {
  const starts = [...text.matchAll(/\S+/gu)].map(({ index }) => index);
  const bytes = Buffer.from(Int8Array.from(cosines ?? []).buffer).toString('base64');
  return {
    text,
    score,
    headings: [],
    before: [],
    after: [],
    ...(cosines && { alignment: { starts, cosines: bytes } }),
  } as unknown as SearchHit;
}

/** @returns the features of each sentence of the hits */
function featuresOf(question: string, hits: SearchHit[], weights: number[] = []) {
  const passages = numberPassages(hits);
  const tokens = { starts: weights.map((_, i) => i), weights };
  return describe(question, tokens, passages, candidatesOf(passages), LEXICON).map(
    ({ features }) => features,
  );
}

suite('describe', () => {
  it('says which sentence meets the question better, and what the one before adds', () => {
    // Two sentences of two words; two tokens of the question, one of which only the first sentence meets.
    const [first, second] = featuresOf(
      'xy',
      [hit('Ada wrote. It ran.', 1, [120, 0, 10, 0, 100, 0, 100, 0])],
      [1, 1],
    );
    expect(first!.share).toBeCloseTo(0.75, 1);
    expect(second!.share).toBeCloseTo(0.25, 1);
    expect(second).toMatchObject({ earlier: 1, later: 0, first: 0 });
    expect(second!.before).toBeCloseTo(first!.closeness, 6);
    expect(second!.beforeAdds).toBeCloseTo((120 - 10) / 127 / 2, 5);
    expect(first).toMatchObject({ before: 0, beforeAdds: 0, first: 1, met: 1 });
    expect(second!.met).toBe(0.5);
  });

  it('says how far a passage and its words are behind the best', () => {
    const [near, far] = featuresOf('When did the museum open?', [
      hit('The museum opened in 1998.', 0.9),
      hit('The theatre closed.', 0.5),
    ]);
    expect(near).toMatchObject({ passageFirst: 1, passageBehind: 0, coverageBehind: 0, shows: 1, lacks: 0 });
    expect(far).toMatchObject({ passageFirst: 0, shows: 0, lacks: 1, coverageBehindInPassage: 0 });
    expect(far!.passageBehind).toBeCloseTo(0.4, 6);
    expect(far!.coverageBehind).toBeGreaterThan(0.5);
    expect(near!.news).toBeLessThan(far!.news);
  });

  it('says how much of a question a sentence in the other language holds by translation', () => {
    const [annual, overtime] = featuresOf('How long is annual leave?', [
      hit('年假为十五天。加班可以调休。', 1),
    ]);
    expect(annual!.translated).toBeGreaterThan(0.5);
    expect(overtime!.translated).toBe(0);
    expect(featuresOf('年假有几天？', [hit('年假为十五天。', 1)])[0]!.translated).toBe(0);
  });

  it('says whether what was asked for is there: a year, a number of something, one of a kind, several', () => {
    const only = (question: string, text: string) => featuresOf(question, [hit(text, 1)])[0];
    expect(only('它建于哪一年？', '它建于1998年。')).toMatchObject({ showsYear: 1, lacksYear: 0 });
    expect(only('它建于哪一年？', '它建于五月。')).toMatchObject({ showsYear: 0, lacksYear: 1 });
    expect(only('全校有多少人？', '全校有90人。')).toMatchObject({ counts: 1 });
    expect(only('他住在哪座城市？', '他住在乡下。')).toMatchObject({ lacksKind: 1 });
    expect(only('有哪些水果？', '苹果、梨、桃、杏、枣。')).toMatchObject({ enumerates: 1 });
  });

  it('says which sentences are in another script than the question', () => {
    const across = featuresOf('How many days?', [hit('Staff get 15 days. 员工有十五天。', 1)]).map(
      (each) => each.across,
    );
    expect(across).toEqual([0, 1]);
  });

  it('has a number for everything where nothing is known of the tokens', () => {
    for (const features of featuresOf('谁？', [hit('甲。乙。', 1)]))
      for (const value of Object.values(features)) expect(value).toBeTypeOf('number');
    expect(
      featuresOf('谁？', [hit('甲。乙。', 1)])
        .flatMap(Object.values)
        .every(Number.isFinite),
    ).toBe(true);
  });
});
