import { describe, expect, it } from 'vitest';
import { respell, respellable, slipsBetween } from './spelling.js';

const seen = (...words: string[]) => words.map((word, i) => ({ word, texts: i + 1 }));

describe('spelling', () => {
  it.each([
    ['anual', 'annual', 1],
    ['recieve', 'receive', 1],
    ['aproval', 'approval', 1],
    ['leave', 'leaf', 2],
    ['same', 'same', 0],
    ['leave', 'wrong', undefined],
  ])('%s and %s: %s', (a, b, slips) => {
    expect(slipsBetween(a, b, 2)).toBe(slips);
    expect(slipsBetween(b, a, 2)).toBe(slips);
  });

  it('takes the nearest word, then the one of most passages', () => {
    expect(respell(['anual'], seen('annual', 'manual', 'anul'))).toEqual(new Map([['anual', 'anul']]));
    expect(respell(['reimbursment'], seen('reimburs', 'reimbursements'))).toEqual(
      new Map([['reimbursment', 'reimbursements']]),
    );
  });

  it('corrects no word into quite another one', () => {
    expect(respell(['contract', 'lift'], seen('contrary', 'gift', 'loft1', 'abstract'))).toEqual(
      new Map([['contract', 'contrary']]),
    );
    expect(respell(['abcd'], seen('abxy'))).toEqual(new Map());
  });

  it('leaves codes, numbers, short words and Chinese alone', () => {
    expect(respellable(['abc1234', '3点5', 'vpn', '年假', 'anual'])).toEqual(['anual']);
  });
});
