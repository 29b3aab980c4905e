import { describe, expect, it } from 'vitest';
import { distinctWords } from '../lexical/index.js';
import { highlightsOf } from './highlights.js';

const marked = (text: string, question: string) =>
  highlightsOf(text, distinctWords(question)).map(([start, end]) => text.slice(start, end));

describe('highlights', () => {
  it('marks the words of the question as they are written in the text', () => {
    expect(
      marked(
        '員工每年享有１５天年休假。🙂 Employees’ leave: 15 days.',
        '员工 有 15 天 年休假 employee leaves?',
      ),
    ).toEqual(['員工', '１５天年休假', 'Employees', 'leave', '15']);
  });

  it('does not mark what is in every text', () => {
    expect(marked('The leave of the employee is 15 days', 'what is the leave of the employee?')).toEqual([
      'leave',
      'employee',
    ]);
    expect(marked('公司的制度是什么', '什么是的？')).toEqual([]);
  });

  it('marks what tokens of the question met, written otherwise, and nothing beside it', () => {
    const text = '試用期為三個月。員工的年假须提前申请。The rest is left.';
    const places = ['用期', '的', 'rest', 'is'].map((word) => text.indexOf(word));
    const starts = Uint16Array.from(places);
    const words = distinctWords('How long is probation?');
    const markedAt = (cosine: number) => {
      const best = { starts, cosines: new Float32Array(places.length).fill(cosine) };
      return highlightsOf(text, words, { best }).map(([start, end]) => text.slice(start, end));
    };
    expect(markedAt(1)).toEqual(['試用期', 'rest']);
    expect(markedAt(0)).toEqual([]);
  });

  it('gives spans in order that do not touch', () => {
    const text = '中华人民共和国数据库管理系统，数据库';
    const spans = highlightsOf(text, distinctWords('中华人民共和国 数据库管理系统'));
    for (const [i, [start, end]] of spans.entries()) {
      expect(start).toBeLessThan(end);
      if (i > 0) expect(start).toBeGreaterThan(spans[i - 1]![1]);
    }
    expect(spans).toEqual([
      [0, 14],
      [15, 18],
    ]);
  });
});
