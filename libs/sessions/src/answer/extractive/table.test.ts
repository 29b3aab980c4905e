import { describe, expect, it } from 'vitest';
import { cellsOf, quotesOfTable } from './table.js';

const quotes = (...lines: string[]) => {
  const text = lines.join('\n');
  let at = 0;
  const rows = lines.map((line) => {
    const cells = cellsOf(line, at);
    at += line.length + 1;
    return cells;
  });
  return [...quotesOfTable(text, rows)];
};
const texts = (...lines: string[]) =>
  quotes(...lines).map(({ kind, text }) => (kind === 'row' ? text : `${kind}: ${text}`));

describe('cellsOf', () => {
  it('finds the cells of a line, empty ones too, and where they stand', () => {
    expect(cellsOf(' |  | Color | White |', 10)).toEqual([
      { text: '', span: [10, 10] },
      { text: '', span: [12, 12] },
      { text: 'Color', span: [16, 21] },
      { text: 'White', span: [24, 29] },
      { text: '', span: [31, 31] },
    ]);
    expect(cellsOf('a||b, c|d', 0)).toHaveLength(1);
  });
});

describe('quotesOfTable', () => {
  it('shows rows with the names of their columns, and not the header and the rule below it', () => {
    expect(
      texts('Trip | Hotel | Meals', '--- | --- | ---', 'Home | 450 yuan | ', 'Abroad | 900 yuan | 30 yuan'),
    ).toEqual(['Trip: Home; Hotel: 450 yuan', 'Trip: Abroad; Hotel: 900 yuan; Meals: 30 yuan']);
    expect(texts('城市 | 标准', '北京 | 500元')).toEqual(['城市：北京；标准：500元']);
  });

  it.each([
    ['years', ['Item | 2023 | 2024', 'Revenue | 100 | 120'], 'Item: Revenue; 2023: 100; 2024: 120'],
    ['one year', ['Item | 2024', 'Revenue | 100'], 'Item: Revenue; 2024: 100'],
    ['ranges', ['工龄 | 1-10年 | 10-20年', '年假 | 5天 | 10天'], '工龄：年假；1-10年：5天；10-20年：10天'],
    ['a column without a name', ['Name |  | Amount', 'Paint | blue | 60'], 'Name: Paint; blue; Amount: 60'],
    ['one value alone', ['Item | Cost', ' | 60'], 'Cost: 60'],
    ['rows without a name', [' | Rate | Cost', 'Body | 150 | 300'], 'Body; Rate: 150; Cost: 300'],
  ])('takes a first row with %s for a header', (_, lines, row) => {
    expect(texts(...lines)).toEqual([row]);
  });

  it('takes a first row of values for a row, not for the names of the columns', () => {
    expect(texts('China | 48 euros', 'France | 52 euros')).toEqual(['China: 48 euros', 'France: 52 euros']);
    expect(texts('Parts |  | 2,100', 'Sales tax | 10.20% | 278.46')).toEqual([
      'Parts: 2,100',
      'Sales tax: 10.20%; 278.46',
    ]);
    expect(texts('保单号 | POL-2022-555', '电话 | (425) 111-1111')).toEqual([
      '保单号：POL-2022-555',
      '电话：(425) 111-1111',
    ]);
  });

  it('quotes each label of a form with its value', () => {
    const form = [
      'Insured | Gabriel Diaz |  | Year | 2022',
      'Claim # |  | SF-1008 | Make | Jeep',
      'Phone |  |  | Trim | Limited',
      ' |  |  | Color | White',
    ];
    const pairs = [
      'Insured: Gabriel Diaz',
      'Year: 2022',
      'Claim #: SF-1008',
      'Make: Jeep',
      'Trim: Limited',
      'Color: White',
    ];
    expect(texts(...form)).toEqual(pairs);
    expect(texts('Customer |  |  | Vehicle | ', ...form)).toEqual([
      'heading: Customer |  |  | Vehicle',
      ...pairs,
    ]);
    expect(quotes(...form)[1]).toEqual({
      kind: 'row',
      label: 'Year',
      source: 'Year | 2022',
      text: 'Year: 2022',
      spans: [[28, 39]],
    });
  });

  it('shows a row of a form whole where a value has no label', () => {
    expect(
      texts('Claim # | SF-1008 | Make | Jeep', 'Year | 2022 |  | 2023', 'Phone | 555-0100 | Plate | 12-AB'),
    ).toEqual(['Claim #: SF-1008', 'Make: Jeep', 'Year: 2022; 2023', 'Phone: 555-0100', 'Plate: 12-AB']);
  });

  it('takes a cell alone in its row for the heading of those below, where the header goes on holding', () => {
    expect(
      texts(
        'Totals |  |  | ',
        ' | Hours | Rate | Cost',
        'Body | 2 | 150 | 300',
        'Supplies |  |  | ',
        'Paint |  |  | 60',
        'Total |  |  | 360',
      ),
    ).toEqual([
      'heading: Totals',
      'Body; Hours: 2; Rate: 150; Cost: 300',
      'heading: Supplies',
      'Paint; Cost: 60',
      'Total; Cost: 360',
    ]);
  });

  it('keeps the header above where a row of words follows a heading', () => {
    expect(
      texts(
        'City | Hotel',
        'Home | ',
        'Bern | none',
        'Basel | Rex',
        'Abroad | ',
        'Oslo | Bristol',
        'Rome | Eden',
      ),
    ).toEqual([
      'heading: Home',
      'City: Bern; Hotel: none',
      'City: Basel; Hotel: Rex',
      'heading: Abroad',
      'City: Oslo; Hotel: Bristol',
      'City: Rome; Hotel: Eden',
    ]);
  });

  it('takes a sentence alone in its row for a sentence', () => {
    expect(texts('Item | Cost', 'Paint | 60', 'Parts may be found after disassembly. | ')).toEqual([
      'Item: Paint; Cost: 60',
      'sentence: Parts may be found after disassembly.',
    ]);
  });

  it('quotes a table of one row', () => {
    expect(texts('Leave | 15 days')).toEqual(['Leave: 15 days']);
  });
});
