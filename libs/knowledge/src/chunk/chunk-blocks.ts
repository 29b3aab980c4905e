import type { Block } from '../parse/block.js';
import { Draft, type Heading, type PlacedLine } from './draft.js';
import { measure, type Measured } from './measure.js';

export interface ChunkOptions {
  /**
   * Tokens of each text for the embedder that the chunks are for. Called with many texts at once; special
   * tokens that it adds to every text are measured once and taken off.
   */
  countTokens(texts: string[]): Promise<number[]>;
  /** No chunk has more (default 384: leaves an embedder of 512 room for its prefix and the headings). */
  maxTokens?: number;
  /** A section smaller than this is put together with its neighbours where the structure allows (default 96). */
  minTokens?: number;
}

/** A chunk before it has an id. */
export interface ChunkDraft {
  /** 0-based place in the document; the chunks before and after are ordinal - 1 and + 1. */
  ordinal: number;
  /** Without the headings above it. */
  text: string;
  /** From the highest to the nearest; those that hold for the whole chunk. */
  headings: string[];
  /** 1-based page on which it begins, null where the source has none. */
  page: number | null;
  /** One for each line of its text that has a place on paper, on all its pages. */
  boxes: PlacedLine[];
  /** At most `maxTokens`; counted sentence by sentence. */
  tokens: number;
}

/**
 * Cuts a document into chunks along its structure. A chunk stays under one heading, or joins small neighbouring
 * sections, none under a higher heading than the one before it; their headings are then in its text. Paragraphs
 * are parted between sentences only where they don't fit; a table stays whole or repeats its header. All text comes
 * once, in order; headings come in `headings`, in the text, or both where a section goes over several chunks.
 *
 * Memory is that of a few chunks, whatever the document's length.
 */
export async function* chunkBlocks(
  blocks: AsyncIterable<Block> | Iterable<Block>,
  options: ChunkOptions,
): AsyncGenerator<ChunkDraft> {
  const { maxTokens = 384, minTokens = 96 } = options;
  const chunker = new Chunker(maxTokens, Math.min(minTokens, maxTokens >> 1));
  let ordinal = 0;
  const take = function* (): Generator<ChunkDraft> {
    for (const draft of chunker.done.splice(0)) yield { ordinal: ordinal++, ...draft.render() };
  };
  for await (const block of measure(blocks, (texts) => options.countTokens(texts), maxTokens)) {
    if (block.kind === 'heading' && block.tokens <= maxTokens / 3) chunker.heading(block);
    else chunker.text(block);
    yield* take();
  }
  chunker.end();
  yield* take();
}

/** Text under one heading, up to where it is known whether it joins the chunk before. */
interface Section {
  level: number;
  /** The highest level of the headings since the last text: `level`, or that of a heading right above. */
  crossed: number;
  path: readonly Heading[];
  waiting: Measured[];
  tokens: number;
  /** Its first text is in a chunk. */
  begun: boolean;
  /** The heading itself, which has to come as text where nothing follows under it. */
  own: Measured | null;
}

class Chunker {
  readonly done: Draft[] = [];
  private readonly max: number;
  private readonly min: number;
  /** Finished, but it may give its last lines to the next. */
  private before: Draft | null = null;
  private draft: Draft | null = null;
  private section: Section = {
    level: 0,
    crossed: 0,
    path: [],
    waiting: [],
    tokens: 0,
    begun: false,
    own: null,
  };

  constructor(maxTokens: number, minTokens: number) {
    this.max = maxTokens;
    this.min = minTokens;
  }

  heading(block: Measured): void {
    const { level } = block;
    this.endSection(level);
    const heading = {
      text: block.pieces
        .map((piece) => piece.text)
        .join('')
        .trim(),
      level,
      tokens: block.tokens,
    };
    const above = this.section.path.filter((each) => each.level < level);
    const crossed = this.section.begun ? level : Math.min(level, this.section.crossed || level);
    this.section = {
      level,
      crossed,
      path: [...above, heading],
      waiting: [],
      tokens: 0,
      begun: false,
      own: block,
    };
  }

  text(block: Measured): void {
    const section = this.section;
    if (section.begun) {
      this.place(block);
      return;
    }
    section.waiting.push(block);
    section.tokens += block.tokens;
    if (section.tokens >= this.min) this.beginSection();
  }

  end(): void {
    this.endSection(0);
    this.close();
    if (this.before) this.done.push(this.before);
    this.before = null;
  }

  private endSection(nextLevel: number): void {
    const { section } = this;
    if (section.begun) return;
    if (section.waiting.length > 0) this.beginSection();
    else if (section.own && nextLevel <= section.level) {
      // Nothing stands under this heading: it is text of the section above.
      section.waiting.push({ ...section.own, kind: 'paragraph' });
      section.tokens = section.own.tokens;
      this.beginSection(section.path.slice(0, -1));
    }
  }

  /** Decides whether a section goes on in the chunk before it, and puts in what has come of it. */
  private beginSection(path: readonly Heading[] = this.section.path): void {
    const { section } = this;
    const small = (tokens: number): boolean => tokens < this.min;
    const draft = this.draft;
    if (draft) {
      const whole = draft.tokens + section.tokens + draft.headingTokens(path) <= this.max;
      // A section that stands well alone keeps its heading to itself.
      const room = draft.tokens < this.max / 2;
      if (draft.takes(section.crossed) && (small(section.tokens) ? whole && room : small(draft.tokens)))
        draft.begin(path, section.level);
      else this.close();
    }
    section.path = path;
    section.begun = true;
    this.draft ??= new Draft(path, section.level);
    for (const block of section.waiting.splice(0)) this.place(block);
  }

  /** Puts a block into the chunk that is being filled, and into further ones. */
  private place(block: Measured): void {
    const { max, min } = this;
    let draft = this.open();
    if (draft.tokens + block.tokens <= max) {
      draft.addAll(block);
      return;
    }
    // What fits into a chunk of its own stays whole, unless that leaves a crumb before it.
    const whole = block.kind === 'table' && block.tokens <= max;
    if (!draft.isEmpty && (whole || draft.tokens >= min)) {
      this.close();
      draft = this.open();
    }
    if (block.tokens <= max && draft.isEmpty) {
      draft.addAll(block);
      return;
    }
    for (const piece of block.pieces) {
      if (!draft.isEmpty && draft.tokens + draft.cost(piece, block.header) > max) {
        this.close();
        draft = this.open();
      }
      draft.add(piece, draft.tokens + draft.cost(piece, block.header) > max ? null : block.header);
    }
  }

  private open(): Draft {
    this.draft ??= new Draft(this.section.path, this.section.level);
    return this.draft;
  }

  private close(): void {
    const { draft } = this;
    this.draft = null;
    if (!draft || draft.isEmpty) return;
    if (this.before) {
      draft.evenOut(this.before, this.min);
      this.done.push(this.before);
    }
    this.before = draft;
  }
}
