import type { Paragraph } from './paragraphs.js';
import { isChapterTitle, isLong } from './paragraphs.js';
import type { OutlineEntry, PdfDocument } from './pdfium.js';
import { textWidth, toRows } from './rows.js';
import { uprights } from './run.js';

/** A heading is at least this much larger than running text. */
const LARGER = 1.12;
const SAMPLE_PAGES = 24;
/** Tells headings, and their level, from running text: by the document's outline, else by size and weight. */
export class Headings {
  /** Font height of most of the text, in points. */
  readonly body: number;
  /** Most of the text is set in a font of fixed pitch, which so says nothing. */
  readonly fixedPitch: boolean;
  private readonly sizes: number[];
  private readonly boldIsRare: boolean;
  private readonly outline = new Map<number, { title: string; level: number }[]>();

  private constructor(sample: Sample, outline: readonly OutlineEntry[]) {
    const [body] = [...sample.text].sort((one, other) => other[1] - one[1])[0] ?? [10];
    this.body = body;
    const total = [...sample.text.values()].reduce((sum, count) => sum + count, 0);
    this.boldIsRare = sample.bold < 0.3 * total;
    this.fixedPitch = sample.fixedPitch > 0.5 * total;
    const larger = [...sample.short.keys()]
      .filter((size) => size >= LARGER * body)
      .sort((one, other) => other - one);
    // Sizes that differ by less than a twentieth are one.
    this.sizes = larger.filter((size, at) => at === 0 || size < 0.95 * (larger[at - 1] ?? 0)).slice(0, 5);
    for (const entry of outline) {
      const entries = this.outline.get(entry.page) ?? [];
      entries.push({ title: normal(entry.title), level: Math.min(6, entry.level) });
      this.outline.set(entry.page, entries);
    }
  }

  /** Looks at up to 24 pages spread over the document. */
  static of(document: PdfDocument): Headings {
    const sample: Sample = { text: new Map(), short: new Map(), bold: 0, fixedPitch: 0 };
    const step = Math.max(1, document.pageCount / SAMPLE_PAGES);
    for (let at = 0; at < document.pageCount && at / step < SAMPLE_PAGES; at += step) {
      const page = document.page(Math.floor(at) + 1);
      if (!page) continue;
      try {
        for (const { runs } of uprights(page, page.glyphs(), true)) {
          for (const run of runs) {
            add(sample.text, run.size, run.text.length);
            if (run.bold) sample.bold += run.text.length;
            if (run.fixedPitch) sample.fixedPitch += run.text.length;
          }
          for (const row of toRows(runs)) {
            const text = row.runs.map((run) => run.text).join(' ');
            if (textWidth(text) <= 120 && /\p{L}{2}/u.test(text)) add(sample.short, row.size, 1);
          }
        }
      } finally {
        page.close();
      }
    }
    return new Headings(sample, document.outline());
  }

  /** @returns the level of a heading, 1 (highest) to 6; null for what is none. */
  level(paragraph: Paragraph, text: string, page: number): number | null {
    if (isLong(paragraph) || !/\p{L}/u.test(text)) return null;
    const title = normal(text);
    const marked = this.outline
      .get(page)
      ?.find(
        (entry) =>
          entry.title !== '' &&
          (entry.title === title ||
            (title.length > 4 && title.length < 1.6 * entry.title.length + 8 && title.endsWith(entry.title))),
      );
    if (marked) return marked.level;
    const sentence = /[.。;；,，]$/.test(text) && textWidth(text) > 20;
    if (paragraph.size >= LARGER * this.body && !sentence) {
      const rank = this.sizes.findIndex((size) => paragraph.size >= 0.95 * size);
      return rank < 0 ? Math.min(6, this.sizes.length + 1) : rank + 1;
    }
    if (isChapterTitle(text)) return Math.min(6, this.sizes.length + (/^第.{1,5}节/.test(text) ? 2 : 1));
    const short =
      paragraph.rows.length <= 2 &&
      textWidth(text) <= 100 &&
      !/[.。;；,，:：]$/.test(text) &&
      /^[\p{Lu}\p{Lo}\p{N}(（【]/u.test(text);
    if (
      this.boldIsRare &&
      paragraph.bold &&
      short &&
      paragraph.size >= 0.97 * this.body &&
      !paragraph.listItem
    )
      return Math.min(6, this.sizes.length + 1);
    return null;
  }
}

interface Sample {
  /** Characters by font height, and rows short enough for a heading. */
  text: Map<number, number>;
  short: Map<number, number>;
  bold: number;
  fixedPitch: number;
}

function add(counts: Map<number, number>, size: number, count: number): void {
  const key = Math.round(size * 2) / 2;
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function normal(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}
