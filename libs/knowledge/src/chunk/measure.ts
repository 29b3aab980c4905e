import { sentences } from '@midplane/kernel';

import { rowText, type Block, type Line, type TextBlock } from '../parse/block.js';

/** A stretch of a block that is not parted without need: a sentence, a line of code, a row of a table. */
export interface Piece {
  /** With the white space up to the next piece: pieces of a block joined are its text. */
  text: string;
  tokens: number;
  /** Which block it is of. */
  block: number;
  /** UTF-16 offset in the block's text at which it begins. */
  start: number;
  page: number | null;
  lines: readonly Line[];
}

/** A block cut into pieces that all fit into a chunk. */
export interface Measured {
  kind: TextBlock['kind'];
  level: number;
  pieces: Piece[];
  tokens: number;
  /** Of a table: the row to repeat where it is parted. */
  header: Piece | null;
}

export type CountTokens = (texts: string[]) => Promise<number[]>;

/** So much is counted in one call: enough for a tokenizer to be busy, little enough to keep few blocks in memory. */
const BATCH_PIECES = 256;
const BATCH_CHARACTERS = 1 << 16;
/** A header of more than this part of a chunk is not repeated. */
const MAX_HEADER = 0.35;

/** Cuts blocks into pieces and counts their tokens, many at a time. Scans that nobody has read are left out. */
export async function* measure(
  blocks: AsyncIterable<Block> | Iterable<Block>,
  countTokens: CountTokens,
  maxTokens: number,
): AsyncGenerator<Measured> {
  const count = await withoutSpecials(countTokens);
  let batch: { block: TextBlock; pieces: Piece[] }[] = [];
  let pieces = 0;
  let characters = 0;
  let number = 0;
  for await (const block of blocks) {
    if (block.kind === 'scan') continue;
    const cut = cutBlock(block, number++);
    batch.push({ block, pieces: cut });
    pieces += cut.length;
    characters += block.text.length;
    if (pieces < BATCH_PIECES && characters < BATCH_CHARACTERS) continue;
    yield* await countBatch(batch, count, maxTokens);
    batch = [];
    pieces = 0;
    characters = 0;
  }
  yield* await countBatch(batch, count, maxTokens);
}

async function countBatch(
  batch: readonly { block: TextBlock; pieces: Piece[] }[],
  count: CountTokens,
  maxTokens: number,
): Promise<Measured[]> {
  const all = batch.flatMap(({ pieces }) => pieces);
  if (all.length === 0) return [];
  const tokens = await count(all.map((piece) => piece.text));
  all.forEach((piece, at) => (piece.tokens = tokens[at] ?? 0));
  const measured: Measured[] = [];
  for (const { block, pieces } of batch) {
    const fitting: Piece[] = [];
    for (const piece of pieces) fitting.push(...(await cutLong(piece, count, maxTokens)));
    const [first] = fitting;
    const header =
      block.kind === 'table' &&
      block.table &&
      first &&
      fitting.length > 1 &&
      first.tokens <= MAX_HEADER * maxTokens
        ? first
        : null;
    measured.push({
      kind: block.kind,
      level: block.level ?? 1,
      pieces: fitting,
      tokens: fitting.reduce((sum, piece) => sum + piece.tokens, 0),
      header,
    });
  }
  return measured;
}

function cutBlock(block: TextBlock, number: number): Piece[] {
  const starts = startsOf(block);
  return starts.map((start, at) => {
    const end = starts[at + 1] ?? block.text.length;
    return makePiece(block.text.slice(start, end), number, block, start);
  });
}

function makePiece(text: string, number: number, block: TextBlock, start: number): Piece {
  const end = start + text.trimEnd().length;
  const lines = block.lines?.filter((line) => line.start < end && line.end > start) ?? [];
  return { text, tokens: 0, block: number, start, page: lines[0]?.page ?? block.page ?? null, lines };
}

/** @returns where the pieces of a block begin. */
function startsOf(block: TextBlock): number[] {
  if (block.kind === 'heading') return [0];
  if (block.kind === 'table' && block.table) {
    const starts: number[] = [];
    let at = 0;
    for (const row of [block.table.header, ...block.table.rows]) {
      starts.push(at);
      at += rowText(row).length + 1;
    }
    return starts;
  }
  if (block.kind === 'code')
    return [0, ...[...block.text.matchAll(/\n/g)].map((match) => match.index + 1)].filter(
      (at) => at < block.text.length,
    );
  const [, ...rest] = sentences(block.text);
  return [0, ...rest.map((sentence) => sentence.start)];
}

/** Cuts a piece that is longer than a chunk: at commas, else at white space, else anywhere but within a character. */
async function cutLong(piece: Piece, count: CountTokens, maxTokens: number): Promise<Piece[]> {
  if (piece.tokens <= maxTokens || piece.text.trim().length <= 1) return [piece];
  // A little less than would fit on average, so that most parts do.
  const length = Math.max(1, Math.floor((piece.text.length * maxTokens * 0.85) / piece.tokens));
  const parts: string[] = [];
  let rest = piece.text;
  while (rest.length > length) {
    const at = cutAt(rest, length);
    parts.push(rest.slice(0, at));
    rest = rest.slice(at);
  }
  if (rest.trim() === '' && parts.length > 0) parts[parts.length - 1] += rest;
  else parts.push(rest);
  const tokens = await count(parts);
  const cut: Piece[] = [];
  let { start } = piece;
  for (const [at, text] of parts.entries()) {
    cut.push(...(await cutLong({ ...piece, text, start, tokens: tokens[at] ?? 0 }, count, maxTokens)));
    start += text.length;
  }
  return cut;
}

function cutAt(text: string, length: number): number {
  const window = text.slice(0, length);
  for (const mark of [/[，、；：][^，、；：]*$/, /[,;:|]\s[^,;:|]*$/, /\s\S*$/]) {
    const found = mark.exec(window);
    const at = found ? found.index + (/^[,;:|]/.test(found[0]) ? 2 : 1) : 0;
    if (at > 0.4 * length) return at;
  }
  const code = text.charCodeAt(length - 1);
  // Not between the halves of a surrogate pair.
  return code >= 0xd800 && code <= 0xdbff && length > 1
    ? length - 1
    : Math.max(length, code >= 0xd800 && code <= 0xdbff ? 2 : 1);
}

/** @returns a count without the tokens that the embedder puts around every text. */
async function withoutSpecials(countTokens: CountTokens): Promise<CountTokens> {
  const [specials = 0] = await countTokens(['']);
  return async (texts) => (await countTokens(texts)).map((tokens) => Math.max(1, tokens - specials));
}
