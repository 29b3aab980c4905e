import { makeDocx, makePptx, makeXlsx } from '@midplane/testing/documents';
import { describe, expect, it } from 'vitest';

import { readData } from '../../testing/read-data.js';

describe('readDocx', () => {
  it('reads headings by the name of their style, paragraphs, numbered lists and tables', async () => {
    const data = makeDocx({
      title: 'Rules',
      body: [
        { heading: 1, text: 'Leave' },
        'Ten days a year.',
        { item: 'Ask' },
        { item: 'In writing', level: 1 },
        { item: 'Wait' },
        {
          xml: '<w:p><w:pPr><w:pStyle w:val="Eigen"/></w:pPr><w:r><w:t>Based on a heading</w:t></w:r></w:p>',
        },
        {
          xml: '<w:p><w:pPr><w:pStyle w:val="Gliederung"/></w:pPr><w:r><w:t>By its outline</w:t></w:r></w:p>',
        },
        {
          table: [
            ['Year', 'Days'],
            ['1', '10'],
            ['2', '12'],
          ],
        },
      ],
    });
    const { texts, title, mimeType } = await readData(data, 'a.pdf');
    expect(mimeType).toContain('wordprocessingml');
    expect(title).toBe('Rules');
    expect(texts.map(({ kind, level, text }) => [kind, level, text])).toEqual([
      ['heading', 1, 'Leave'],
      ['paragraph', undefined, 'Ten days a year.'],
      ['list', undefined, '1. Ask\n  1.1 In writing\n2. Wait'],
      ['heading', 2, 'Based on a heading'],
      ['heading', 3, 'By its outline'],
      ['table', undefined, 'Year | Days\n1 | 10\n2 | 12'],
    ]);
  });

  it('leaves out what was deleted, what is hidden, the fallback of drawings and the table of contents', async () => {
    const run = (text: string, properties = ''): string =>
      `<w:r><w:rPr>${properties}</w:rPr><w:t xml:space="preserve">${text}</w:t></w:r>`;
    const { texts } = await readData(
      makeDocx({
        body: [
          {
            xml: `<w:p>${run('kept ')}<w:del>${run('deleted ')}</w:del><w:ins>${run('added ')}</w:ins>${run('secret ', '<w:vanish/>')}${run('end')}</w:p>`,
          },
          {
            xml: `<w:p><mc:AlternateContent><mc:Choice>${run('new')}</mc:Choice><mc:Fallback>${run('old')}</mc:Fallback></mc:AlternateContent></w:p>`,
          },
          { xml: `<w:p><w:pPr><w:pStyle w:val="Verzeichnis1"/></w:pPr>${run('Leave 1')}</w:p>` },
        ],
      }),
      'a.docx',
    );
    expect(texts.map(({ text }) => text)).toEqual(['kept added end', 'new']);
  });

  it('keeps formulas readable, footnotes beside their text, merged cells filled, and counts pages', async () => {
    const t = (text: string): string => `<m:r><m:t>${text}</m:t></m:r>`;
    const cell = (text: string, properties: string): string =>
      `<w:tc><w:tcPr>${properties}</w:tcPr><w:p><w:r><w:t>${text}</w:t></w:r></w:p></w:tc>`;
    const { texts, pageCount } = await readData(
      makeDocx({
        footnotes: ['See the annex.'],
        body: [
          {
            xml: `<w:p><w:r><w:t>Area</w:t></w:r><m:oMath><m:f><m:num>${t('a+b')}</m:num><m:den>${t('2')}</m:den></m:f>${t('·')}<m:sSup><m:e>${t('h')}</m:e><m:sup>${t('2')}</m:sup></m:sSup><m:rad><m:deg/><m:e>${t('x')}</m:e></m:rad></m:oMath></w:p>`,
          },
          {
            xml: '<w:p><w:r><w:t>A claim</w:t></w:r><w:r><w:footnoteReference w:id="1"/></w:r><w:r><w:t>.</w:t></w:r></w:p>',
          },
          { xml: '<w:p><w:r><w:lastRenderedPageBreak/><w:t>On the second page</w:t></w:r></w:p>' },
          {
            xml: `<w:tbl><w:tr>${cell('Both', '<w:gridSpan w:val="2"/>')}</w:tr><w:tr>${cell('Down', '<w:vMerge w:val="restart"/>')}${cell('1', '')}</w:tr><w:tr>${cell('', '<w:vMerge/>')}${cell('2', '')}</w:tr></w:tbl>`,
          },
        ],
      }),
      'a.docx',
    );
    expect(texts.map(({ text, page }) => [page, text])).toEqual([
      [1, 'Area (a+b)/2·h^2√(x)'],
      [1, 'A claim[1].'],
      [1, '[1] See the annex.'],
      [2, 'On the second page'],
      [2, 'Both | Both\nDown | 1\nDown | 2'],
    ]);
    expect(pageCount).toBe(2);
  });

  it('shows the numbers of Chinese articles', async () => {
    const article = (text: string): { xml: string } => ({
      xml: `<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="2"/></w:numPr></w:pPr><w:r><w:t>${text}</w:t></w:r></w:p>`,
    });
    const { texts } = await readData(
      makeDocx({ body: Array.from({ length: 12 }, (_, at) => article(`条文${at + 1}`)) }),
      'a.docx',
    );
    expect(texts[0]?.text.split('\n').slice(9)).toEqual([
      '第十条 条文10',
      '第十一条 条文11',
      '第十二条 条文12',
    ]);
  });
});

describe('readPptx', () => {
  it('takes a slide for a page, in the order of the show, its title first, notes last', async () => {
    const { texts, pageCount, title } = await readData(
      makePptx({
        slides: [
          {
            title: 'Plan 2025',
            items: [{ text: 'Grow' }, { text: 'in the north', level: 1 }],
            notes: 'Say hello.',
          },
          {
            items: [{ text: 'No title here' }],
            table: [
              ['City', 'Sales'],
              ['Oslo', '5'],
            ],
          },
        ],
      }),
      'a.pptx',
    );
    expect({ pageCount, title }).toEqual({ pageCount: 2, title: 'Plan 2025' });
    expect(texts.map(({ kind, page, text }) => [kind, page, text])).toEqual([
      ['heading', 1, 'Plan 2025'],
      ['list', 1, '- Grow\n  - in the north'],
      ['paragraph', 1, 'Say hello.'],
      ['heading', 2, 'Slide 2'],
      ['paragraph', 2, 'No title here'],
      ['table', 2, 'City | Sales\nOslo | 5'],
    ]);
  });
});

describe('readXlsx', () => {
  it('reads each visible sheet: texts, numbers, dates, percentages, truth values, errors, merged cells', async () => {
    const { texts } = await readData(
      makeXlsx({
        sheets: [
          {
            name: '销售',
            rows: [
              ['Sales of the year'],
              ['City', 'Sales', 'Share', 'Date', 'Done', 'Note'],
              ['Oslo', 0.1 + 0.2, { percent: 0.125 }, { date: 45_000 }, true, { inline: 'a < b' }],
              [null, 7, null, null, false, { error: '#DIV/0!' }],
            ],
            merged: ['A3:A4'],
          },
          {
            name: 'Secret',
            rows: [
              ['x', 'y'],
              ['1', '2'],
            ],
            hidden: true,
          },
        ],
      }),
      'a.xlsx',
    );
    expect(texts.map(({ kind, text }) => [kind, text])).toEqual([
      ['heading', '销售'],
      ['paragraph', 'Sales of the year'],
      [
        'table',
        'City | Sales | Share | Date | Done | Note\nOslo | 0.3 | 12.5% | 2023-03-15 | TRUE | a < b\nOslo | 7 |  |  | FALSE | #DIV/0!',
      ],
    ]);
  });

  it('begins another table after an empty row, and parts a long one with its header', async () => {
    const { texts } = await readData(
      makeXlsx({
        sheets: [
          {
            name: 'A',
            rows: [
              ['Name', 'Age'],
              ...Array.from({ length: 230 }, (_, at) => [`N${at}`, at]),
              [],
              ['City', 'Code'],
              ['Oslo', 'O1'],
            ],
          },
        ],
      }),
      'a.xlsx',
    );
    const tables = texts.flatMap(({ table }) => (table ? [table] : []));
    expect(tables.map(({ header, rows }) => [header, rows.length])).toEqual([
      [['Name', 'Age'], 100],
      [['Name', 'Age'], 100],
      [['Name', 'Age'], 30],
      [['City', 'Code'], 1],
    ]);
    expect(tables.slice(0, 3).flatMap(({ rows }) => rows.map(([name]) => name))).toEqual(
      Array.from({ length: 230 }, (_, at) => `N${at}`),
    );
  });

  it('keeps a table where it starts, whatever columns are empty before it', async () => {
    const { texts } = await readData(
      makeXlsx({
        sheets: [
          {
            name: 'A',
            rows: [
              [null, null, 'Name', 'Age'],
              [null, null, 'Ann', 5],
            ],
          },
        ],
      }),
      'a.xlsx',
    );
    expect(texts[1]?.text).toBe('Name | Age\nAnn | 5');
  });
});
