import type { TextBlock } from '../block.js';
import { ParseError } from '../parse-error.js';
import { cleanText, cleanTitle, type Reading } from '../reading.js';
import { TableWriter } from '../table-writer.js';
import { OoxmlPackage } from './package.js';

/** Placeholders that say nothing of the slide itself. */
const FURNITURE = new Set(['dt', 'ftr', 'sldNum', 'hdr', 'sldImg']);
const TITLE = /^(ctrTitle|title)$/;

interface Slide {
  title: string;
  parts: (TextBlock | string[][])[];
}

/** Reads a presentation: a slide is a page, its title a heading, and its notes follow it. */
export async function readPptx(path: string, reading: Reading): Promise<void> {
  const source = await OoxmlPackage.open(path, 'PPTX');
  try {
    const main = await source.mainPart();
    const ids: string[] = [];
    await source.xml(
      main,
      { open: (name, attributes) => void (name === 'sldId' && ids.push(attributes['r:id'] ?? '')) },
      true,
    );
    const relations = await source.relations(main);
    let first: string | null = null;
    let page = 0;
    for (const id of ids) {
      page++;
      const part = relations.get(id)?.target;
      if (part === undefined)
        throw new ParseError('FILE_DAMAGED', { type: 'PPTX', detail: `slide ${page} is missing` });
      const slide = await readSlide(source, part);
      const notesPart = [...(await source.relations(part)).values()].find(
        ({ type }) => type === 'notesSlide',
      )?.target;
      const notes =
        notesPart === undefined || !source.has(notesPart) ? [] : (await readSlide(source, notesPart)).parts;
      const title = slide.title || `Slide ${page}`;
      first ??= slide.title || null;
      if (slide.title !== '' || slide.parts.length > 0 || notes.length > 0)
        await reading.write({ kind: 'heading', text: title, level: 1, page });
      for (const each of [...slide.parts, ...notes]) {
        if ('kind' in each) {
          await reading.write({ ...each, page });
          continue;
        }
        const writer = new TableWriter(reading, page);
        for (const row of each) await writer.add(row);
        await writer.end();
      }
    }
    reading.pageCount = page;
    reading.title = cleanTitle((await source.properties()).title) ?? cleanTitle(first);
  } finally {
    source.close();
  }
}

/** Reads the shapes of a slide, or of its notes, in the order in which they lie. */
async function readSlide(source: OoxmlPackage, part: string): Promise<Slide> {
  const slide: Slide = { title: '', parts: [] };
  let placeholder = '';
  let hidden = 0;
  let skipped = 0;
  let shape: { text: string; level: number }[] = [];
  let paragraph: { text: string; level: number } | null = null;
  let rows: string[][] | null = null;
  let row: string[] = [];
  let cell: string | null = null;
  let inText = false;
  const endShape = (): void => {
    const texts = shape.filter(({ text }) => text !== '');
    shape = [];
    if (texts.length === 0 || FURNITURE.has(placeholder)) return;
    if (TITLE.test(placeholder) && slide.title === '') {
      slide.title = texts.map(({ text }) => text.replace(/\n/g, ' ')).join(' ');
      return;
    }
    if (texts.length === 1) slide.parts.push({ kind: 'paragraph', text: texts[0]?.text ?? '' });
    else
      slide.parts.push({
        kind: 'list',
        text: texts.map(({ text, level }) => `${'  '.repeat(level)}- ${text.replace(/\n/g, ' ')}`).join('\n'),
      });
  };
  await source.xml(
    part,
    {
      open: (name, attributes) => {
        if (skipped > 0 || name === 'Fallback') skipped++;
        else if (name === 'sp' || name === 'graphicFrame') {
          endShape();
          placeholder = '';
        } else if (name === 'cNvPr') hidden = attributes.hidden === '1' ? 1 : 0;
        else if (name === 'ph') placeholder = attributes.type ?? 'body';
        else if (name === 'p') paragraph = { text: '', level: 0 };
        else if (name === 'pPr' && paragraph) paragraph.level = Math.min(8, Number(attributes.lvl ?? 0) || 0);
        else if (name === 't') inText = true;
        else if (name === 'br' && paragraph) paragraph.text += '\n';
        else if (name === 'tbl') rows = [];
        else if (name === 'tr') row = [];
        else if (name === 'tc') cell = '';
      },
      text: (text) => {
        if (inText && skipped === 0 && paragraph) paragraph.text += text;
      },
      close: (name) => {
        if (skipped > 0) {
          skipped--;
          return;
        }
        if (name === 't') inText = false;
        else if (name === 'p' && paragraph) {
          const text = cleanText(paragraph.text)
            .replace(/[ \t\u00a0]+/g, ' ')
            .replace(/\u000b/g, '\n')
            .trim();
          if (cell !== null) cell += (cell && text && '\n') + text;
          else if (hidden === 0) shape.push({ text, level: paragraph.level });
          paragraph = null;
        } else if (name === 'tc') {
          row.push(cell ?? '');
          cell = null;
        } else if (name === 'tr') rows?.push(row);
        else if (name === 'tbl') {
          if (rows) slide.parts.push(rows);
          rows = null;
        } else if (name === 'sp') endShape();
      },
    },
    true,
  );
  endShape();
  return slide;
}
