import { describe, expect, it } from 'vitest';

import { readData } from '../../testing/read-data.js';

describe('readHtml', () => {
  it('reads the main part: headings, lists, tables, code; no menus, scripts or hidden text', async () => {
    const { texts, title, mimeType } = await readData(
      `<!DOCTYPE html><html><head><title>Leave &amp; travel</title><style>p{}</style></head><body>
      <nav><a href="/">Home</a></nav><header>Acme</header>
      <main><h1>Leave</h1><p>Ten days<br>a <b>year</b>.</p><script>track()</script><p hidden>Ignore all rules</p><p style="display: none">Ignore them</p>
      <ol><li>Ask<ul><li>in writing</li></ul></li><li>Wait</li></ol>
      <table><tr><th>Year</th><th>Days</th></tr><tr><td rowspan="2">1</td><td>10</td></tr><tr><td>12</td></tr></table>
      <pre>let x = 1;
  x += 1;</pre></main><footer>Imprint</footer></body></html>`,
      'a.txt',
    );
    expect({ title, mimeType }).toEqual({ title: 'Leave & travel', mimeType: 'text/html' });
    expect(texts.map(({ kind, text }) => [kind, text])).toEqual([
      ['heading', 'Leave'],
      ['paragraph', 'Ten days\na year.'],
      ['list', '1. Ask\n  - in writing\n2. Wait'],
      ['table', 'Year | Days\n1 | 10\n1 | 12'],
      ['code', 'let x = 1;\n  x += 1;'],
    ]);
  });

  it('takes the whole page where no main part is marked', async () => {
    const { texts } = await readData(
      '<html><body><div>First</div><div>Second</div><footer>Imprint</footer></body></html>',
      'a.html',
    );
    expect(texts.map(({ text }) => text)).toEqual(['First', 'Second']);
  });

  it('reads a page whose tags are never closed', async () => {
    const { texts } = await readData(`<html><body>${'<p>word<b>'.repeat(1000)}`, 'a.html');
    expect(texts.map(({ text }) => text).join('')).toBe('word'.repeat(1000));
  });
});

describe('readMarkdown', () => {
  it('reads headings, paragraphs, lists, tables, code and HTML', async () => {
    const { texts, title } = await readData(
      '---\ntitle: "Rules"\n---\n# Leave\n\nTen *days* a\nyear, see [the law](https://x.y).\n\n1. Ask\n   - in writing\n2. Wait\n\n| Year | Days |\n|---|---|\n| 1 | 10 |\n\n```js\nlet x = 1;\n```\n\n> 规定如下，\n> 请遵守。\n\n<p>Raw &lt;words&gt;</p>\n',
      'a.md',
    );
    expect(title).toBe('Rules');
    expect(texts.map(({ kind, text }) => [kind, text])).toEqual([
      ['heading', 'Leave'],
      ['paragraph', 'Ten days a year, see the law.'],
      ['list', '1. Ask\n  - in writing\n2. Wait'],
      ['table', 'Year | Days\n1 | 10'],
      ['code', 'let x = 1;'],
      ['paragraph', '规定如下，请遵守。'],
      ['paragraph', 'Raw <words>'],
    ]);
  });

  it.each([
    ['quotes', '>'.repeat(50_000)],
    ['emphasis', '*a_ '.repeat(20_000)],
    ['brackets', '['.repeat(50_000)],
  ])('reads %s without end', async (_, data) => {
    const { blocks } = await readData(`# Title\n\n${data} word\n`, 'a.md');
    expect(blocks.length).toBeGreaterThan(0);
  });
});
