import { deflateSync } from 'node:zlib';

import { deflateRepeated } from './zip.js';

/** A line of text on a page. Latin letters are set in Helvetica, anything else in a Chinese font. */
export interface PdfText {
  text: string;
  /** In points from the page's top left to the baseline's start. */
  x: number;
  y: number;
  /** Default 10. */
  size?: number;
  bold?: boolean;
  /** Text render mode 3: there, and not painted. */
  invisible?: boolean;
  /** Degrees, counterclockwise. */
  turn?: number;
}

export interface PdfPage {
  /** In points; A4 by default. */
  width?: number;
  height?: number;
  /** Degrees clockwise by which a viewer turns the page. */
  rotate?: 0 | 90 | 180 | 270;
  texts?: readonly PdfText[];
  /** A grey picture over this part of the page: [x, y, width, height] in points from its top left. */
  picture?: readonly [number, number, number, number];
}

export interface PdfOptions {
  pages: Iterable<PdfPage>;
  title?: string;
  outline?: readonly { title: string; page: number }[];
  /** Makes the file ask for a password that nobody knows. */
  locked?: boolean;
  /** The first page's content unpacks to so many bytes more. */
  inflatesBy?: number;
}

const NAMES = {
  catalog: 1,
  pages: 2,
  regular: 3,
  bold: 4,
  chinese: 5,
  descendant: 6,
  descriptor: 7,
  picture: 8,
  info: 9,
  encrypt: 10,
  outlines: 11,
};

/** @returns a PDF 1.7 file with a fixed layout: what is where on a page is known to the point. */
export function makePdf(options: PdfOptions): Buffer {
  const file = new PdfFile();
  const pages: number[] = [];
  let next = 20;
  for (const page of options.pages) {
    const { width = 595, height = 842 } = page;
    const number = next;
    next += 2;
    pages.push(number);
    const data = Buffer.from(content(page, height), 'latin1');
    const bomb = options.inflatesBy && pages.length === 1 ? options.inflatesBy : 0;
    const packed =
      bomb > 0
        ? Buffer.concat([
            Buffer.from([0x78, 0x9c]),
            deflateRepeated(Buffer.alloc(1 << 20, '0 0 m\n'), Math.ceil(bomb / (1 << 20))),
          ])
        : deflateSync(data);
    file.stream(number + 1, '/Filter /FlateDecode', packed);
    file.object(
      number,
      `<< /Type /Page /Parent ${NAMES.pages} 0 R /MediaBox [0 0 ${width} ${height}] /Rotate ${page.rotate ?? 0} /Contents ${number + 1} 0 R ` +
        `/Resources << /Font << /F1 ${NAMES.regular} 0 R /F2 ${NAMES.bold} 0 R /F3 ${NAMES.chinese} 0 R >> /XObject << /I1 ${NAMES.picture} 0 R >> >> >>`,
    );
  }
  file.object(
    NAMES.pages,
    `<< /Type /Pages /Count ${pages.length} /Kids [${pages.map((page) => `${page} 0 R`).join(' ')}] >>`,
  );
  file.object(
    NAMES.regular,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
  );
  file.object(
    NAMES.bold,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>',
  );
  file.object(
    NAMES.chinese,
    `<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [${NAMES.descendant} 0 R] >>`,
  );
  file.object(
    NAMES.descendant,
    `<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> /DW 1000 /FontDescriptor ${NAMES.descriptor} 0 R >>`,
  );
  file.object(
    NAMES.descriptor,
    '<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>',
  );
  const side = 64;
  const grey = Buffer.from(Array.from({ length: side * side }, (_, at) => (at * 37) % 251));
  file.stream(
    NAMES.picture,
    `/Type /XObject /Subtype /Image /Width ${side} /Height ${side} /ColorSpace /DeviceGray /BitsPerComponent 8`,
    grey,
  );
  file.object(NAMES.info, `<< /Title ${unicode(options.title ?? '')} >>`);
  let catalog = `<< /Type /Catalog /Pages ${NAMES.pages} 0 R`;
  if (options.outline && options.outline.length > 0) {
    catalog += ` /Outlines ${NAMES.outlines} 0 R`;
    const first = next;
    const last = next + options.outline.length - 1;
    file.object(
      NAMES.outlines,
      `<< /Type /Outlines /First ${first} 0 R /Last ${last} 0 R /Count ${options.outline.length} >>`,
    );
    options.outline.forEach(({ title, page }, at) => {
      const siblings =
        (at > 0 ? ` /Prev ${first + at - 1} 0 R` : '') +
        (first + at < last ? ` /Next ${first + at + 1} 0 R` : '');
      file.object(
        first + at,
        `<< /Title ${unicode(title)} /Parent ${NAMES.outlines} 0 R /Dest [${pages[page - 1] ?? 0} 0 R /Fit]${siblings} >>`,
      );
    });
  }
  file.object(NAMES.catalog, `${catalog} >>`);
  if (options.locked) {
    const secret = `<${'5a'.repeat(32)}>`;
    file.object(
      NAMES.encrypt,
      `<< /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O ${secret} /U ${secret} >>`,
    );
  }
  return file.end(
    `/Root ${NAMES.catalog} 0 R /Info ${NAMES.info} 0 R${options.locked ? ` /Encrypt ${NAMES.encrypt} 0 R /ID [<01><01>]` : ''}`,
  );
}

function content(page: PdfPage, height: number): string {
  let drawn = '';
  if (page.picture) {
    const [x, y, w, h] = page.picture;
    drawn += `q ${w} 0 0 ${h} ${x} ${height - y - h} cm /I1 Do Q\n`;
  }
  for (const { text, x, y, size = 10, bold, invisible, turn = 0 } of page.texts ?? []) {
    const latin = /^[\x20-\x7e]*$/.test(text);
    const font = latin ? (bold ? 'F2' : 'F1') : 'F3';
    const shown = latin ? `(${text.replace(/[\\()]/g, '\\$&')})` : `<${hex(text)}>`;
    const radians = (turn * Math.PI) / 180;
    const [cos, sin] = [Math.cos(radians).toFixed(5), Math.sin(radians).toFixed(5)];
    drawn += `BT /${font} ${size} Tf ${invisible ? 3 : 0} Tr ${cos} ${sin} ${(-Number(sin)).toFixed(5)} ${cos} ${x} ${height - y} Tm ${shown} Tj ET\n`;
  }
  return drawn;
}

const hex = (text: string): string => Buffer.from(text, 'utf16le').swap16().toString('hex');
const unicode = (text: string): string => `<feff${hex(text)}>`;

class PdfFile {
  private readonly parts: Buffer[] = [Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')];
  private readonly offsets = new Map<number, number>();
  private size = this.parts[0]?.length ?? 0;

  object(number: number, body: string): void {
    this.begin(number);
    this.add(Buffer.from(`${body}\nendobj\n`, 'latin1'));
  }

  stream(number: number, facts: string, data: Buffer): void {
    this.begin(number);
    this.add(Buffer.from(`<< ${facts} /Length ${data.length} >>\nstream\n`, 'latin1'));
    this.add(data);
    this.add(Buffer.from('\nendstream\nendobj\n', 'latin1'));
  }

  end(trailer: string): Buffer {
    const count = Math.max(...this.offsets.keys()) + 1;
    const start = this.size;
    let table = `xref\n0 ${count}\n0000000000 65535 f \n`;
    for (let number = 1; number < count; number++) {
      const offset = this.offsets.get(number);
      table +=
        offset === undefined ? '0000000000 65535 f \n' : `${String(offset).padStart(10, '0')} 00000 n \n`;
    }
    this.add(
      Buffer.from(`${table}trailer\n<< /Size ${count} ${trailer} >>\nstartxref\n${start}\n%%EOF\n`, 'latin1'),
    );
    return Buffer.concat(this.parts);
  }

  private begin(number: number): void {
    this.offsets.set(number, this.size);
    this.add(Buffer.from(`${number} 0 obj\n`, 'latin1'));
  }

  private add(part: Buffer): void {
    this.parts.push(part);
    this.size += part.length;
  }
}
