import type { OoxmlPackage } from './package.js';

interface Level {
  format: string;
  /** With `%1` for the number of the first level, and so on. */
  text: string;
  start: number;
}

const CHINESE = '零一二三四五六七八九';

/** The numbers that Word shows before list items and headings, which are not in their text. */
export class Numbering {
  private readonly lists = new Map<string, Level[]>();
  private readonly counters = new Map<string, number[]>();

  /** @param part `word/numbering.xml` or null where the document has none */
  static async of(source: OoxmlPackage, part: string | null): Promise<Numbering> {
    const numbering = new Numbering();
    if (part === null) return numbering;
    const abstract = new Map<string, Level[]>();
    let levels: Level[] = [];
    let level: Level | undefined;
    let number = '';
    await source.xml(part, {
      open: (name, attributes) => {
        const value = attributes.val ?? '';
        if (name === 'abstractNum') abstract.set(attributes.abstractNumId ?? '', (levels = []));
        else if (name === 'lvl' && number === '')
          levels[Number(attributes.ilvl ?? 0)] = level = { format: 'decimal', text: '', start: 1 };
        else if (name === 'num') number = attributes.numId ?? '';
        else if (name === 'abstractNumId' && number !== '')
          numbering.lists.set(number, abstract.get(value) ?? []);
        else if (level && name === 'numFmt') level.format = value;
        else if (level && name === 'lvlText') level.text = value;
        else if (level && name === 'start') level.start = Number(value) || 0;
      },
      close: (name) => {
        if (name === 'lvl') level = undefined;
        if (name === 'num') number = '';
      },
    });
    return numbering;
  }

  /** @returns what stands before the next item of a list at a level (0 and up): `1.2`, `一、`, `-`; '' for nothing. */
  next(list: string, at: number): string {
    const levels = this.lists.get(list);
    const level = levels?.[at];
    if (!levels || !level) return '-';
    if (level.format === 'bullet') return '-';
    const counters = this.counters.get(list) ?? [];
    this.counters.set(list, counters);
    counters.length = at + 1;
    for (let above = 0; above < at; above++) counters[above] ??= levels[above]?.start ?? 1;
    counters[at] = counters[at] === undefined ? level.start : counters[at] + 1;
    if (level.format === 'none') return '';
    return level.text.replace(/%([1-9])/g, (_, digit: string) => {
      const each = Number(digit) - 1;
      return written(counters[each] ?? 1, levels[each]?.format ?? 'decimal');
    });
  }
}

function written(value: number, format: string): string {
  switch (format) {
    case 'lowerLetter':
      return String.fromCharCode(97 + ((value - 1) % 26));
    case 'upperLetter':
      return String.fromCharCode(65 + ((value - 1) % 26));
    case 'lowerRoman':
      return roman(value).toLowerCase();
    case 'upperRoman':
      return roman(value);
    case 'chineseCounting':
    case 'chineseCountingThousand':
    case 'japaneseCounting':
    case 'ideographDigital':
      return chinese(value);
    default:
      return String(value);
  }
}

function roman(value: number): string {
  const signs: [number, string][] = [
    [1000, 'M'],
    [900, 'CM'],
    [500, 'D'],
    [400, 'CD'],
    [100, 'C'],
    [90, 'XC'],
    [50, 'L'],
    [40, 'XL'],
    [10, 'X'],
    [9, 'IX'],
    [5, 'V'],
    [4, 'IV'],
    [1, 'I'],
  ];
  let rest = Math.min(value, 3999);
  let text = '';
  for (const [size, sign] of signs) for (; rest >= size; rest -= size) text += sign;
  return text;
}

/** Up to 99, as chapters and articles are counted; digits beyond. */
function chinese(value: number): string {
  if (value < 1 || value > 99) return String(value);
  const tens = Math.floor(value / 10);
  const ones = value % 10;
  return (
    (tens === 0 ? '' : tens === 1 ? '十' : `${CHINESE.charAt(tens)}十`) +
    (ones === 0 ? '' : CHINESE.charAt(ones))
  );
}
