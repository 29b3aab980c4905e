import type { Box, Line } from '../parse/block.js';
import type { Measured, Piece } from './measure.js';

/** A heading above a piece of text. */
export interface Heading {
  text: string;
  level: number;
  tokens: number;
}

interface Item {
  piece: Piece;
  /** Of a table's row. */
  header: Piece | null;
}

interface Part {
  /** From the highest heading to the nearest. */
  path: readonly Heading[];
  items: Item[];
}

/** Where a line of a chunk stands on paper, and where in the chunk's text: [start, end) in UTF-16 units. */
export interface PlacedLine {
  page: number;
  box: Box;
  start: number;
  end: number;
}

/** What a chunk is made of: stretches of neighbouring sections. */
export class Draft {
  tokens = 0;
  private readonly parts: Part[] = [];
  /** Of the heading of its last section, 0 for text before any heading. */
  private level: number;

  constructor(path: readonly Heading[], level: number) {
    this.parts.push({ path, items: [] });
    this.level = level;
  }

  get isEmpty(): boolean {
    return this.parts.every((part) => part.items.length === 0);
  }

  /** @returns whether a section may go on in this chunk: never over a heading of a higher level than the last. */
  takes(level: number): boolean {
    return level >= this.level;
  }

  /** @returns the tokens of the headings that a section needs in the text if it goes on in this chunk. */
  headingTokens(path: readonly Heading[]): number {
    const parts = [...this.parts, { path, items: [] }];
    return inlineHeadings(parts)
      .flat()
      .reduce((sum, heading) => sum + heading.tokens, 0);
  }

  begin(path: readonly Heading[], level: number): void {
    this.level = level;
    const before = inlineHeadings(this.parts)
      .flat()
      .reduce((sum, heading) => sum + heading.tokens, 0);
    this.tokens += this.headingTokens(path) - before;
    this.parts.push({ path, items: [] });
  }

  /** @returns what a piece would add: with the header of its table, where that is not in the chunk yet. */
  cost(piece: Piece, header: Piece | null): number {
    return piece.tokens + (this.needsHeader(piece, header) ? (header?.tokens ?? 0) : 0);
  }

  add(piece: Piece, header: Piece | null): void {
    this.tokens += this.cost(piece, header);
    this.parts.at(-1)?.items.push({ piece, header });
  }

  addAll(measured: Measured): void {
    for (const piece of measured.pieces) this.add(piece, measured.header);
  }

  /**
   * Takes pieces from the end of the chunk before, of the same section, until this one has enough: the last chunk of
   * a section would be a line or two else.
   */
  evenOut(before: Draft, minTokens: number): void {
    const from = before.parts.at(-1);
    const to = this.parts[0];
    if (!from || !to || this.parts.length > 1 || from.path !== to.path) return;
    while (this.tokens < minTokens) {
      const last = from.items.at(-1);
      if (!last || last.header || before.tokens - last.piece.tokens < minTokens) return;
      from.items.pop();
      to.items.unshift(last);
      before.tokens -= last.piece.tokens;
      this.tokens += last.piece.tokens;
    }
  }

  /** @returns the chunk, and the headings that all of it is under; those of single sections are in the text. */
  render(): {
    text: string;
    headings: string[];
    page: number | null;
    boxes: PlacedLine[];
    tokens: number;
  } {
    const filled = this.parts.filter((part) => part.items.length > 0);
    const inline = inlineHeadings(filled);
    const lines = new Map<Line, { start: number; end: number }>();
    let text = '';
    let block = -1;
    filled.forEach((part, at) => {
      for (const heading of inline[at] ?? []) text = under(text, heading.text);
      if ((inline[at] ?? []).length > 0) block = -1;
      for (const { piece, header } of part.items) {
        if (piece.block === block) text += piece.text;
        else {
          text = under(text, (header && header !== piece ? `${header.text.trimEnd()}\n` : '') + piece.text);
          block = piece.block;
        }
        const begin = text.length - piece.text.length;
        for (const line of piece.lines) {
          const start = begin + Math.max(0, line.start - piece.start);
          const end = begin + Math.min(piece.text.length, line.end - piece.start);
          if (end <= begin) continue;
          const known = lines.get(line);
          lines.set(line, { start: Math.min(known?.start ?? start, start), end });
        }
      }
    });
    const first = filled[0]?.items[0]?.piece;
    return {
      text: text.trim(),
      headings: common(filled).map((heading) => heading.text),
      page: first?.page ?? null,
      boxes: [...lines].map(([{ page, box }, { start, end }]) => ({ page, box, start, end })),
      tokens: this.tokens,
    };
  }

  private needsHeader(piece: Piece, header: Piece | null): boolean {
    return (
      header !== null && header !== piece && this.parts.at(-1)?.items.at(-1)?.piece.block !== piece.block
    );
  }
}

function under(text: string, next: string): string {
  return text === '' ? next : `${text.trimEnd()}\n\n${next}`;
}

function common(parts: readonly Part[]): readonly Heading[] {
  const [first, ...others] = parts.map((part) => part.path);
  if (!first) return [];
  let length = first.length;
  for (const path of others)
    while (path.slice(0, length).some((heading, at) => heading !== first[at]) || path.length < length)
      length--;
  return first.slice(0, length);
}

/** @returns for each part the headings that stand in the text above it: those not common to all, each once. */
function inlineHeadings(parts: readonly Part[]): Heading[][] {
  const { length } = common(parts);
  const seen = new Set<Heading>();
  return parts.map(({ path }) =>
    path.slice(length).filter((heading) => {
      if (seen.has(heading)) return false;
      seen.add(heading);
      return true;
    }),
  );
}
