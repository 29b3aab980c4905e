import type { SearchHit } from '@midplane/contracts';
import { describe, expect, it } from 'vitest';
import { checkVerbatim } from '../../citation/check.js';
import { numberPassages } from '../passage.js';
import { candidatesOf } from './candidates.js';

function hit(text: string, headings: string[] = []): SearchHit {
  return {
    chunkId: 'c',
    documentId: 'd',
    documentTitle: 'title',
    knowledgeBaseId: 'k',
    text,
    before: [],
    after: [],
    score: 1,
    page: 1,
    boxes: [],
    lines: [],
    headings,
    highlights: [],
    highlightBoxes: [],
    trace: {
      lexicalRank: 1,
      lexicalScore: 1,
      lexicalPart: 0.5,
      vectorRank: 1,
      vectorScore: 0.9,
      vectorPart: 0.5,
      fusedScore: 1,
      rerankScore: null,
    },
  };
}

const texts = (text: string) => candidatesOf(numberPassages([hit(text)])).map((candidate) => candidate.text);

describe('candidatesOf', () => {
  it('cuts sentences of both languages', () => {
    expect(texts('Full-time staff get 15 days. Interns get none.\n全职员工15天。实习生没有年假。')).toEqual([
      'Full-time staff get 15 days.',
      'Interns get none.',
      '全职员工15天。',
      '实习生没有年假。',
    ]);
  });

  it('keeps a title with marks of its own together', () => {
    expect(texts('《卡拉OK.LIVE！台北．我》是第六张专辑。《我》不是。')).toEqual([
      '《卡拉OK.LIVE！台北．我》是第六张专辑。',
      '《我》不是。',
    ]);
  });

  it('gives the sentence after a question that the source asks, and not the question', () => {
    const [only, other] = candidatesOf(
      numberPassages([hit('How long is the warranty? Two years. Keep the bill.')]),
    );
    expect(only).toMatchObject({
      text: 'Two years.',
      spans: [
        [0, 25],
        [26, 36],
      ],
    });
    expect(other).toMatchObject({ text: 'Keep the bill.', spans: [[37, 51]] });
  });

  it("leaves out a source's own numbers in brackets, and lines without a word", () => {
    expect(texts('Founded in 1998.[12]\n* * *\n')).toEqual(['Founded in 1998.']);
  });

  it('takes a heading for what it is: not an answer, but what the sentences below are about', () => {
    const found = candidatesOf(
      numberPassages([hit('Leave\n\nStaff get 15 days.\n\n考勤\n\n每年8天。', ['Handbook'])]),
    );
    expect(found.map(({ text }) => text)).toEqual(['Staff get 15 days.', '每年8天。']);
    expect([...found[0]!.words]).toEqual(expect.arrayContaining(['leav', 'handbook']));
    expect([...found[1]!.words]).toContain('考勤');
  });

  it("leaves out the mark of a list's item, and keeps its number", () => {
    const [item] = candidatesOf(numberPassages([hit('- Staff get 15 days.')]));
    expect(item).toMatchObject({ text: 'Staff get 15 days.', source: '- Staff get 15 days.' });
    expect(texts('• 全职员工15天。\n2) Ask your manager.')).toEqual([
      '全职员工15天。',
      '2) Ask your manager.',
    ]);
  });

  it('takes numbers and years before a heading, and a line in capitals, for headings too', () => {
    expect(texts('1972–1985: Founding\n\nPaul Allen and Bill Gates.')).toEqual([
      'Paul Allen and Bill Gates.',
    ]);
    expect(texts('2.10 差旅\n\n出差须申请。')).toEqual(['出差须申请。']);
    expect(texts('VITAL SIGNS\nHeart rate 78 bpm')).toEqual(['Heart rate 78 bpm']);
  });

  it('takes for no heading what states something, or has nothing below it', () => {
    const facts = ['Hotline: 555 0100', '年假：15天', 'Total 2,730', '2024'];
    for (const fact of facts) expect(texts(`${fact}\n\nMore below.`)).toEqual([fact, 'More below.']);
    expect(texts('SEATTLE GENERAL HOSPITAL')).toEqual(['SEATTLE GENERAL HOSPITAL']);
  });

  it('keeps the rows of a table apart from what stands around it, with places in the text', () => {
    const [limits, trip, after] = candidatesOf(
      numberPassages([hit('Limits:\nTrip | Hotel\nDomestic | 450 yuan\nPer night.')]),
    );
    expect([limits, trip, after].map((each) => each!.text)).toEqual([
      'Limits:',
      'Trip: Domestic; Hotel: 450 yuan',
      'Per night.',
    ]);
    expect(trip).toMatchObject({
      isRow: true,
      source: 'Domestic | 450 yuan',
      spans: [
        [8, 20],
        [21, 40],
      ],
    });
  });

  it('cuts what is far too long for a sentence, between words', () => {
    const [only] = texts(`${'word '.repeat(400)}end`);
    expect(only!.length).toBeLessThanOrEqual(800);
    expect(only).toMatch(/word$/);
  });

  it('never has a word that its passage does not have', () => {
    const random = generator(7);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const pieces = [
      'Staff get 15 days',
      '全职员工每年15天',
      ' | ',
      '\n',
      '. ',
      '。',
      '? ',
      '？',
      '[3]',
      '"',
      '」',
      '--- | ---\n',
      ' ',
      '…',
      'e.g. ',
      '3.5',
      '；',
      'A | B\n',
      'Claim # | SF-1008 |  | Year | 2022\n',
      ' |  |  | 40\n',
      'Group |  |  | Group B | \n',
      '城市 | 标准\n',
      '北京 | 500元\n',
      '\t',
      ':',
      '- item\n',
    ];
    for (let round = 0; round < 500; round++) {
      const source = Array.from({ length: 1 + Math.floor(random() * 30) }, () => pick(pieces)).join('');
      const [passage] = numberPassages([hit(source)]);
      for (const candidate of candidatesOf([passage!])) {
        expect(checkVerbatim(passage!, candidate.source), source).toMatchObject({ supported: true });
        for (const word of candidate.text.match(/[\p{L}\p{N}]+/gu) ?? [])
          expect(passage!.text).toContain(word);
      }
    }
  });
});

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
