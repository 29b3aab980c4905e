import type { Box } from '../block.js';
import type { Glyph, PdfPage, TextStyle } from './pdfium.js';

/**
 * Characters that stand together on one baseline. Coordinates are those of the page turned so that the text is
 * upright: `left` to `right` along the writing, `top` to `bottom` across it, in points.
 */
export interface Run {
  text: string;
  page: number;
  left: number;
  right: number;
  /** Of the font's full height: what is marked on the page. */
  top: number;
  bottom: number;
  baseline: number;
  size: number;
  bold: boolean;
  fixedPitch: boolean;
  /** Written from right to left. */
  rightToLeft: boolean;
  /** Ends with a hyphen that stands at a line's end. */
  hyphen: boolean;
}

/** The runs of one writing direction of a page, and how to get back to the page as displayed. */
export interface Upright {
  runs: Run[];
  /** Of the page, turned. */
  width: number;
  height: number;
  displayed(left: number, top: number, right: number, bottom: number): Box;
}

const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/u;

/** A gap wider than this many font heights parts columns or cells. */
const CELL_GAP = 1;

/**
 * Puts a page's characters together to runs, for each writing direction; the one with most characters first. What
 * lies outside of the page or is too small to be seen is left out.
 *
 * @param keepInvisible whether text that is not painted counts (the layer that OCR puts over a scan)
 */
export function uprights(page: PdfPage, glyphs: readonly Glyph[], keepInvisible: boolean): Upright[] {
  const turned = [0, 1, 2, 3].map((quarter) => new RunBuilder(page, quarter as 0 | 1 | 2 | 3));
  let last: RunBuilder | undefined;
  for (const glyph of glyphs) {
    if (glyph.style.invisible && !keepInvisible) continue;
    // Oblique text (stamps, watermarks) is read as if it were level.
    const builder = turned[glyph.style.quarter ?? 0];
    if (last && builder !== last) last.endRun();
    last = builder;
    builder?.add(glyph);
  }
  for (const builder of turned) builder.endRun();
  return turned
    .filter((builder) => builder.runs.length > 0)
    .sort((one, other) => other.characters - one.characters)
    .map((builder) => builder.upright());
}

class RunBuilder {
  readonly runs: Run[] = [];
  characters = 0;
  private readonly page: PdfPage;
  private readonly quarter: 0 | 1 | 2 | 3;
  private run: Run | undefined;
  private space = false;
  /** Of the last character, along the writing. */
  private from = 0;
  private to = 0;
  private last = '';
  private style: TextStyle | undefined;

  constructor(page: PdfPage, quarter: 0 | 1 | 2 | 3) {
    this.page = page;
    this.quarter = quarter;
  }

  add(glyph: Glyph): void {
    if (glyph.generated) {
      if (glyph.text === '\n') this.endRun();
      else this.space = true;
      return;
    }
    const { width, height } = this.page;
    const middleX = (glyph.left + glyph.right) / 2;
    const middleY = (glyph.top + glyph.bottom) / 2;
    if (middleX < 0 || middleY < 0 || middleX > width || middleY > height) return;
    if (/^[\s\u00a0\u3000\u200b]$/.test(glyph.text)) {
      this.space = true;
      return;
    }

    if (/^[\u0000-\u001f\u007f-\u009f\ufeff\u200e\u200f\u202a-\u202e]$/.test(glyph.text)) return;
    const [left, top, right, bottom] = this.turn(glyph.left, glyph.top, glyph.right, glyph.bottom);
    const baseline = this.turn(glyph.originX, glyph.originY, glyph.originX, glyph.originY)[1];
    const size = glyph.style.size > 0 ? glyph.style.size : bottom - top;
    if (size < 1) return;
    const rightToLeft = RTL.test(glyph.text);
    const run = this.run;
    if (run) {
      // Printed twice to look bold. (A ligature gives two letters with one place, of one style object.)
      if (
        glyph.text === this.last &&
        glyph.style !== this.style &&
        Math.abs(left - this.from) < size * 0.15 &&
        Math.abs(baseline - run.baseline) < size * 0.15
      )
        return;
      const gap = run.rightToLeft && rightToLeft ? this.from - right : left - this.to;
      if (
        Math.abs(baseline - run.baseline) > 0.2 * Math.min(size, run.size) ||
        size > run.size * 1.4 ||
        size < run.size * 0.7 ||
        gap > CELL_GAP * size ||
        gap < -0.6 * size
      )
        this.endRun();
    }
    if (!this.run) {
      this.run = {
        text: '',
        page: this.page.number,
        left,
        right,
        top,
        bottom,
        baseline,
        size,
        bold: glyph.style.bold,
        fixedPitch: glyph.style.fixedPitch,
        rightToLeft,
        hyphen: false,
      };
      this.space = false;
    }
    const current = this.run;
    if (this.space) current.text += ' ';
    this.space = false;
    current.text += glyph.text;
    current.hyphen = glyph.hyphen;
    current.bold &&= glyph.style.bold;
    current.fixedPitch &&= glyph.style.fixedPitch;
    current.left = Math.min(current.left, left);
    current.right = Math.max(current.right, right);
    current.top = Math.min(current.top, top);
    current.bottom = Math.max(current.bottom, bottom);
    this.from = left;
    this.to = right;
    this.last = glyph.text;
    this.style = glyph.style;
    this.characters++;
  }

  endRun(): void {
    if (this.run) this.runs.push(this.run);
    this.run = undefined;
    this.space = false;
    this.last = '';
  }

  upright(): Upright {
    const { width, height } = this.page;
    const sideways = this.quarter % 2 === 1;
    return {
      runs: this.runs,
      width: sideways ? height : width,
      height: sideways ? width : height,
      displayed: (left, top, right, bottom) => {
        const box: Record<number, [number, number, number, number]> = {
          0: [left, top, right, bottom],
          1: [width - bottom, left, width - top, right],
          2: [width - right, height - bottom, width - left, height - top],
          3: [top, height - right, bottom, height - left],
        };
        const [x0, y0, x1, y1] = box[this.quarter] ?? [left, top, right, bottom];
        return [round(x0), round(y0), round(x1 - x0), round(y1 - y0)];
      },
    };
  }

  /** From the page as displayed to the page turned so that the text is upright. */
  private turn(left: number, top: number, right: number, bottom: number): [number, number, number, number] {
    const { width, height } = this.page;
    switch (this.quarter) {
      case 0:
        return [left, top, right, bottom];
      case 1:
        return [top, width - right, bottom, width - left];
      case 2:
        return [width - right, height - bottom, width - left, height - top];
      case 3:
        return [height - bottom, left, height - top, right];
    }
  }
}

const round = (value: number): number => Math.round(value * 100) / 100;
