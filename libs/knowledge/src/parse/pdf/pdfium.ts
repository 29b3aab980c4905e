import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';

import { init } from '@embedpdf/pdfium';

import { ParseError } from '../parse-error.js';

/** What is used of PDFium's C API (fpdfview.h, fpdf_text.h, fpdf_edit.h, fpdf_doc.h), called without wrappers: a page takes thousands of calls. */
type Exports = Record<
  | 'malloc'
  | 'free'
  | 'FPDF_LoadCustomDocument'
  | 'FPDF_GetLastError'
  | 'FPDF_CloseDocument'
  | 'FPDF_GetPageCount'
  | 'FPDF_LoadPage'
  | 'FPDF_ClosePage'
  | 'FPDF_GetPageWidthF'
  | 'FPDF_GetPageHeightF'
  | 'FPDF_PageToDevice'
  | 'FPDF_GetMetaText'
  | 'FPDFBookmark_GetFirstChild'
  | 'FPDFBookmark_GetNextSibling'
  | 'FPDFBookmark_GetTitle'
  | 'FPDFBookmark_GetDest'
  | 'FPDFDest_GetDestPageIndex'
  | 'FPDFText_LoadPage'
  | 'FPDFText_ClosePage'
  | 'FPDFText_CountChars'
  | 'FPDFText_GetUnicode'
  | 'FPDFText_IsGenerated'
  | 'FPDFText_GetLooseCharBox'
  | 'FPDFText_GetCharOrigin'
  | 'FPDFText_GetTextObject'
  | 'FPDFText_GetFontSize'
  | 'FPDFText_GetFontInfo'
  | 'FPDFText_GetMatrix'
  | 'FPDFTextObj_GetTextRenderMode'
  | 'FPDFPage_CountObjects'
  | 'FPDFPage_GetObject'
  | 'FPDFPageObj_GetType'
  | 'FPDFPageObj_GetBounds'
  | 'FPDFFormObj_CountObjects'
  | 'FPDFFormObj_GetObject'
  | 'FPDFBitmap_CreateEx'
  | 'FPDFBitmap_FillRect'
  | 'FPDFBitmap_GetBuffer'
  | 'FPDFBitmap_GetStride'
  | 'FPDFBitmap_Destroy'
  | 'FPDF_RenderPageBitmap',
  (...values: number[]) => number
>;

/** What Emscripten puts around the exports. */
interface Runtime {
  wasmExports: Exports;
  /** Replaced whenever the memory grows. */
  readonly HEAPU8: Uint8Array;
  addFunction(function_: (...values: number[]) => number, signature: string): number;
  setValue(address: number, value: number, type: 'i32'): void;
}

/** How a stretch of text is set. */
export interface TextStyle {
  /** Height of the font in points, as displayed. */
  size: number;
  bold: boolean;
  /** Every glyph of the font has the same width. */
  fixedPitch: boolean;
  /** Clockwise quarter turns of the writing direction from left to right, as displayed; null: oblique. */
  quarter: 0 | 1 | 2 | 3 | null;
  /** Not painted at all (text render modes 3 and 7). */
  invisible: boolean;
}

/** A character as displayed; coordinates in points from the page's top left. */
export interface Glyph {
  text: string;
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** Of the start of the baseline that the character stands on. */
  originX: number;
  originY: number;
  style: TextStyle;
  /** The character stands for a hyphen at a line's end. */
  hyphen: boolean;
  /** White space that PDFium made up from the distance between characters: it has no place. */
  generated: boolean;
}

export interface OutlineEntry {
  title: string;
  /** 1 (highest) and up. */
  level: number;
  /** 1-based. */
  page: number;
}

export interface Picture {
  width: number;
  height: number;
  /** Four bytes a pixel: blue, green, red, unused; rows are `stride` bytes apart. Valid until the next call. */
  pixels: Uint8Array;
  stride: number;
}

const OBJECT_PATH = 2;
const OBJECT_IMAGE = 3;
const OBJECT_FORM = 5;
const BITMAP_BGRX = 3;
const ERROR_PASSWORD = 4;
const RENDER_ANNOTATIONS = 1;
const FONT_FIXED_PITCH = 1;
const FONT_FORCE_BOLD = 1 << 18;
/** Bytes of memory for what a call writes to: six doubles, or a string. */
const SCRATCH = 4096;
/** More pixels than this make a page's picture smaller: 100 MB of memory. */
const MAX_PIXELS = 25e6;

let loading: Promise<Runtime> | undefined;
let memoryRefused = false;

function load(): Promise<Runtime> {
  loading ??= (async () => {
    const file = readFileSync(createRequire(import.meta.url).resolve('@embedpdf/pdfium/pdfium.wasm'));
    const library = await init({
      wasmBinary: file.buffer.slice(file.byteOffset, file.byteOffset + file.length) as ArrayBuffer,
      print: () => undefined,
      printErr: (line: string) => {
        memoryRefused ||= /enlarge memory|grow the heap/i.test(line);
      },
    });
    library.PDFiumExt_Init();
    return library.pdfium as unknown as Runtime;
  })();
  return loading;
}

/** @returns what a fault inside of PDFium means for the file; other errors as they are. */
export function pdfiumFault(error: unknown, memoryLimit: number): unknown {
  const name = error instanceof Error ? error.constructor.name : '';
  if (name !== 'RuntimeError' && name !== 'ExitStatus') return error;
  if (memoryRefused)
    return new ParseError('PARSE_MEMORY', { megabytes: memoryLimit >> 20 }, { cause: error });
  return new ParseError(
    'FILE_DAMAGED',
    { type: 'PDF', detail: 'its content cannot be interpreted' },
    { cause: error },
  );
}

/** A PDF read through PDFium, from the disk as it is needed. One at a time in a process. */
export class PdfDocument {
  readonly pageCount: number;

  readonly api: Exports;
  /** Address of `SCRATCH` bytes for what a call gives back. */
  readonly scratch: number;
  private readonly runtime: Runtime;
  private readonly handle: number;
  private readonly file: number;

  private constructor(runtime: Runtime, handle: number, file: number) {
    this.runtime = runtime;
    this.api = runtime.wasmExports;
    this.handle = handle;
    this.file = file;
    this.scratch = this.api.malloc(SCRATCH);
    this.pageCount = this.api.FPDF_GetPageCount(handle);
  }

  /** @throws ParseError FILE_PASSWORD, FILE_DAMAGED */
  static async open(path: string): Promise<PdfDocument> {
    const runtime = await load();
    const api = runtime.wasmExports;
    const file = openSync(path, 'r');
    const read = runtime.addFunction(
      (_param = 0, position = 0, buffer = 0, length = 0) =>
        readSync(file, runtime.HEAPU8, buffer, length, position >>> 0) === length ? 1 : 0,
      'iiiii',
    );
    // FPDF_FILEACCESS { unsigned long m_FileLen; int (*m_GetBlock)(…); void* m_Param; }
    const access = api.malloc(12);
    runtime.setValue(access, fstatSync(file).size, 'i32');
    runtime.setValue(access + 4, read, 'i32');
    runtime.setValue(access + 8, 0, 'i32');
    const handle = api.FPDF_LoadCustomDocument(access, 0);
    if (handle === 0) {
      const reason = api.FPDF_GetLastError();
      closeSync(file);
      if (reason === ERROR_PASSWORD) throw new ParseError('FILE_PASSWORD', { type: 'PDF' });
      throw new ParseError('FILE_DAMAGED', {
        type: 'PDF',
        detail: `no readable document structure, ${reason}`,
      });
    }
    return new PdfDocument(runtime, handle, file);
  }

  close(): void {
    this.api.FPDF_CloseDocument(this.handle);
    closeSync(this.file);
  }

  /** Has to be taken anew after each call that may allocate: memory that grows is another buffer. */
  get memory(): DataView {
    return new DataView(this.runtime.HEAPU8.buffer);
  }

  get bytes(): Uint8Array {
    return this.runtime.HEAPU8;
  }

  /** @returns the title in the document's information, as it was written. */
  title(): string {
    const key = this.scratch;
    this.bytes.set(Buffer.from('Title\0'), key);
    return this.utf16((to, size) => this.api.FPDF_GetMetaText(this.handle, key, to, size));
  }

  /** @returns the bookmarks that lead to a page of the document, in order; at most `limit`. */
  outline(limit = 10_000): OutlineEntry[] {
    const entries: OutlineEntry[] = [];
    const seen = new Set<number>();
    const walk = (parent: number, level: number): void => {
      let mark = this.api.FPDFBookmark_GetFirstChild(this.handle, parent);
      while (mark !== 0 && !seen.has(mark) && entries.length < limit) {
        seen.add(mark);
        const current = mark;
        const title = this.utf16((to, size) => this.api.FPDFBookmark_GetTitle(current, to, size));
        const target = this.api.FPDFBookmark_GetDest(this.handle, mark);
        const index = target === 0 ? -1 : this.api.FPDFDest_GetDestPageIndex(this.handle, target);
        if (title !== '' && index >= 0) entries.push({ title, level, page: index + 1 });
        if (level < 16) walk(mark, level + 1);
        mark = this.api.FPDFBookmark_GetNextSibling(this.handle, mark);
      }
    };
    walk(0, 1);
    return entries;
  }

  /** @returns null where the page cannot be read. The caller closes it. */
  page(number: number): PdfPage | null {
    const handle = this.api.FPDF_LoadPage(this.handle, number - 1);
    return handle === 0 ? null : new PdfPage(this, handle, number);
  }

  /** Font facts of a character, looked up once for each text object of a page. */
  font(text: number, index: number): { bold: boolean; fixedPitch: boolean } {
    const length = this.api.FPDFText_GetFontInfo(
      text,
      index,
      this.scratch,
      SCRATCH - 8,
      this.scratch + SCRATCH - 4,
    );
    const flags = this.memory.getInt32(this.scratch + SCRATCH - 4, true);
    const name =
      length > 0 && length < SCRATCH - 8
        ? Buffer.from(this.bytes.subarray(this.scratch, this.scratch + length - 1)).toString('latin1')
        : '';
    return {
      bold: (flags & FONT_FORCE_BOLD) !== 0 || /bold|black|heavy|semib|demi(?!light)|[-,]bd\b/i.test(name),
      fixedPitch: (flags & FONT_FIXED_PITCH) !== 0 || /mono|courier|consol|typewriter|cmtt/i.test(name),
    };
  }

  private utf16(call: (buffer: number, size: number) => number): string {
    const size = call(0, 0);
    if (size <= 2 || size > 1 << 20) return '';
    const buffer = this.api.malloc(size);
    try {
      call(buffer, size);
      return new TextDecoder('utf-16le').decode(this.bytes.slice(buffer, buffer + size - 2));
    } finally {
      this.api.free(buffer);
    }
  }
}

/** One page; `close` it before the next is opened, so that memory stays that of one page. */
export class PdfPage {
  /** In points, as displayed. */
  readonly width: number;
  readonly height: number;
  /** From the page's own coordinates to those displayed: x' = a·x + c·y + e, y' = b·x + d·y + f. */
  private readonly toDisplay: [a: number, b: number, c: number, d: number, e: number, f: number];

  readonly number: number;
  private readonly document: PdfDocument;
  private readonly handle: number;

  constructor(document: PdfDocument, handle: number, number: number) {
    this.document = document;
    this.handle = handle;
    this.number = number;
    this.width = document.api.FPDF_GetPageWidthF(handle);
    this.height = document.api.FPDF_GetPageHeightF(handle);
    const [e, f] = this.map(0, 0);
    const [ax, ay] = this.map(1000, 0);
    const [cx, cy] = this.map(0, 1000);
    this.toDisplay = [(ax - e) / 1000, (ay - f) / 1000, (cx - e) / 1000, (cy - f) / 1000, e, f];
  }

  close(): void {
    this.document.api.FPDF_ClosePage(this.handle);
  }

  /** @returns the page's characters in the order in which they were drawn. */
  glyphs(): Glyph[] {
    const { api, scratch } = this.document;
    const text = api.FPDFText_LoadPage(this.handle);
    if (text === 0) return [];
    const glyphs: Glyph[] = [];
    const styles = new Map<number, TextStyle>();
    const [a, b, c, d, e, f] = this.toDisplay;
    try {
      const count = api.FPDFText_CountChars(text);
      let memory = this.document.memory;
      let style: TextStyle | undefined;
      let object = -1;
      let originX = 0;
      let originY = 0;
      for (let index = 0; index < count; index++) {
        const code = api.FPDFText_GetUnicode(text, index) >>> 0;
        if (code === 0 || code > 0x10ffff) continue;
        // Only white space is made up.
        const generated = code <= 32 && api.FPDFText_IsGenerated(text, index) === 1;
        if (generated) {
          if (style)
            glyphs.push({
              text: code === 13 || code === 10 ? '\n' : ' ',
              left: 0,
              top: 0,
              right: 0,
              bottom: 0,
              originX: 0,
              originY: 0,
              style,
              hyphen: false,
              generated,
            });
          continue;
        }
        const owner = api.FPDFText_GetTextObject(text, index);
        if (owner !== object || !style) {
          object = owner;
          style = styles.get(owner) ?? this.style(text, index, owner);
          styles.set(owner, style);
          // An object is on one baseline.
          api.FPDFText_GetCharOrigin(text, index, scratch + 16, scratch + 24);
          memory = this.document.memory;
          const x = memory.getFloat64(scratch + 16, true);
          const y = memory.getFloat64(scratch + 24, true);
          originX = a * x + c * y + e;
          originY = b * x + d * y + f;
        }
        if (api.FPDFText_GetLooseCharBox(text, index, scratch) === 0) continue;
        if (memory.buffer !== this.document.bytes.buffer) memory = this.document.memory;
        const x0 = memory.getFloat32(scratch, true);
        const y0 = memory.getFloat32(scratch + 4, true);
        const x1 = memory.getFloat32(scratch + 8, true);
        const y1 = memory.getFloat32(scratch + 12, true);
        const ax = a * x0 + c * y0 + e;
        const ay = b * x0 + d * y0 + f;
        const bx = a * x1 + c * y1 + e;
        const by = b * x1 + d * y1 + f;
        const hyphen = code === 0x02 || code === 0xfffe || code === 0xad;
        glyphs.push({
          text: hyphen ? '-' : character(code),
          left: Math.min(ax, bx),
          top: Math.min(ay, by),
          right: Math.max(ax, bx),
          bottom: Math.max(ay, by),
          originX,
          originY,
          style,
          hyphen,
          generated,
        });
      }
    } finally {
      api.FPDFText_ClosePage(text);
    }
    return glyphs;
  }

  /** @returns which part of the page (0 to 1) pictures cover, and how many vector shapes are on it. */
  graphics(): { imageCover: number; shapes: number } {
    const { api, scratch } = this.document;
    const [a, b, c, d, e, f] = this.toDisplay;
    const GRID = 40;
    const covered = new Uint8Array(GRID * GRID);
    let shapes = 0;
    let visited = 0;
    const cover = (object: number): void => {
      if (api.FPDFPageObj_GetBounds(object, scratch, scratch + 4, scratch + 8, scratch + 12) === 0) return;
      const memory = this.document.memory;
      const [l, bo, r, t] = [0, 4, 8, 12].map((at) => memory.getFloat32(scratch + at, true)) as [
        number,
        number,
        number,
        number,
      ];
      const xs = [a * l + c * bo + e, a * r + c * t + e].map((x) => (x / this.width) * GRID);
      const ys = [b * l + d * bo + f, b * r + d * t + f].map((y) => (y / this.height) * GRID);
      for (
        let y = Math.max(0, Math.round(Math.min(...ys)));
        y < Math.min(GRID, Math.round(Math.max(...ys)));
        y++
      )
        for (
          let x = Math.max(0, Math.round(Math.min(...xs)));
          x < Math.min(GRID, Math.round(Math.max(...xs)));
          x++
        )
          covered[y * GRID + x] = 1;
    };
    const holdsImage = (form: number, depth: number): boolean => {
      const count = api.FPDFFormObj_CountObjects(form);
      for (let index = 0; index < count && visited < 20_000; index++) {
        visited++;
        const object = api.FPDFFormObj_GetObject(form, index);
        const type = api.FPDFPageObj_GetType(object);
        if (type === OBJECT_PATH) shapes++;
        if (type === OBJECT_IMAGE || (type === OBJECT_FORM && depth < 4 && holdsImage(object, depth + 1)))
          return true;
      }
      return false;
    };
    const count = api.FPDFPage_CountObjects(this.handle);
    for (let index = 0; index < count && visited < 20_000; index++) {
      visited++;
      const object = api.FPDFPage_GetObject(this.handle, index);
      const type = api.FPDFPageObj_GetType(object);
      if (type === OBJECT_PATH) shapes++;
      else if (type === OBJECT_IMAGE || (type === OBJECT_FORM && holdsImage(object, 0))) cover(object);
    }
    return { imageCover: covered.reduce((sum, cell) => sum + cell, 0) / covered.length, shapes };
  }

  /** Draws the page on white at `dpi`, or less where it would be more than 25 million pixels. */
  render<T>(dpi: number, use: (picture: Picture) => T): T {
    const { api } = this.document;
    const scale = Math.min(dpi / 72, Math.sqrt(MAX_PIXELS / (this.width * this.height)));
    const width = Math.max(1, Math.round(this.width * scale));
    const height = Math.max(1, Math.round(this.height * scale));
    const bitmap = api.FPDFBitmap_CreateEx(width, height, BITMAP_BGRX, 0, 0);
    if (bitmap === 0)
      throw new ParseError('PARSE_MEMORY', { megabytes: Math.round((width * height * 4) / 1e6) });
    try {
      api.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xffffffff);
      api.FPDF_RenderPageBitmap(bitmap, this.handle, 0, 0, width, height, 0, RENDER_ANNOTATIONS);
      const stride = api.FPDFBitmap_GetStride(bitmap);
      const start = api.FPDFBitmap_GetBuffer(bitmap);
      return use({
        width,
        height,
        stride,
        pixels: this.document.bytes.subarray(start, start + stride * height),
      });
    } finally {
      api.FPDFBitmap_Destroy(bitmap);
    }
  }

  private style(text: number, index: number, object: number): TextStyle {
    const { api, scratch } = this.document;
    const [a, b, c, d] = this.toDisplay;
    const nominal = api.FPDFText_GetFontSize(text, index);
    let [ma, mb, mc, md] = [1, 0, 0, 1];
    if (api.FPDFText_GetMatrix(text, index, scratch) !== 0) {
      const memory = this.document.memory;
      [ma, mb, mc, md] = [0, 4, 8, 12].map((at) => memory.getFloat32(scratch + at, true)) as [
        number,
        number,
        number,
        number,
      ];
    }
    const turn = Math.atan2(b * ma + d * mb, a * ma + c * mb) / (Math.PI / 2);
    const quarter =
      Math.abs(turn - Math.round(turn)) > 0.12 ? null : ((((Math.round(turn) % 4) + 4) % 4) as 0 | 1 | 2 | 3);
    const mode = object === 0 ? 0 : api.FPDFTextObj_GetTextRenderMode(object);
    return {
      size: nominal * Math.hypot(a * mc + c * md, b * mc + d * md),
      ...this.document.font(text, index),
      quarter,
      invisible: mode === 3 || mode === 7,
    };
  }

  private map(x: number, y: number): [number, number] {
    const { api, scratch } = this.document;
    // Whole device units only: a hundred to the point.
    const size = [Math.round(this.width * 100), Math.round(this.height * 100)] as const;
    const call = api.FPDF_PageToDevice as (...values: number[]) => number;
    call(this.handle, 0, 0, size[0], size[1], 0, x, y, scratch, scratch + 4);
    const memory = this.document.memory;
    return [memory.getInt32(scratch, true) / 100, memory.getInt32(scratch + 4, true) / 100];
  }
}

/** Ligatures and radicals, which some fonts give for letters and Chinese characters, as what they stand for. */
function character(code: number): string {
  const text = String.fromCodePoint(code);
  return (code >= 0x2e80 && code <= 0x2fdf) || (code >= 0xfb00 && code <= 0xfb06)
    ? text.normalize('NFKC')
    : text;
}
