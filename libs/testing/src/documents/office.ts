import { makeZip, type ZipEntry } from './zip.js';

const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const MAIN = 'http://schemas.openxmlformats.org';
const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';

interface Relation {
  id: string;
  type: string;
  target: string;
}

export interface OfficeOptions {
  title?: string;
  /** More parts, or others in place of those that would be made. */
  parts?: readonly ZipEntry[];
}

/** A package of Office Open XML (ECMA-376 part 2) with a main part and what it refers to. */
function makeOffice(
  main: string,
  contents: Readonly<Record<string, string>>,
  relations: Readonly<Record<string, readonly Relation[]>>,
  options: OfficeOptions,
): Buffer {
  const parts = new Map<string, ZipEntry>();
  const put = (name: string, data: string): void => void parts.set(name, { name, data });
  put(
    '[Content_Types].xml',
    `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>`,
  );
  put('_rels/.rels', relationsXml([{ id: 'r1', type: `${RELATIONS}/officeDocument`, target: main }]));
  put(
    'docProps/core.xml',
    `${XML}<cp:coreProperties xmlns:cp="${PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>${escapeXml(options.title ?? '')}</dc:title></cp:coreProperties>`,
  );
  for (const [name, data] of Object.entries(contents)) put(name, XML + data);
  for (const [name, list] of Object.entries(relations))
    put(name.replace(/([^/]*)$/, '_rels/$1.rels'), relationsXml(list));
  for (const part of options.parts ?? []) parts.set(part.name, part);
  return makeZip([...parts.values()]);
}

export interface DocxOptions extends OfficeOptions {
  /** Paragraphs in order: text is a paragraph, the others as they are named; `xml` goes into the body as it is. */
  body: readonly (
    | string
    | { heading: number; text: string }
    | { item: string; level?: number }
    | { table: readonly (readonly string[])[] }
    | { xml: string }
  )[];
  footnotes?: readonly string[];
}

/** @returns a Word document; styles have German ids, as Word writes them there, and English names. */
export function makeDocx(options: DocxOptions): Buffer {
  const w = `xmlns:w="${MAIN}/wordprocessingml/2006/main" xmlns:m="${MAIN}/officeDocument/2006/math" xmlns:mc="${MAIN}/markup-compatibility/2006"`;
  const run = (text: string): string => `<w:r><w:t xml:space="preserve">${escapeXml(text)}</w:t></w:r>`;
  const paragraph = (properties: string, text: string): string =>
    `<w:p><w:pPr>${properties}</w:pPr>${run(text)}</w:p>`;
  const body = options.body.map((part) => {
    if (typeof part === 'string') return paragraph('', part);
    if ('heading' in part) return paragraph(`<w:pStyle w:val="berschrift${part.heading}"/>`, part.text);
    if ('item' in part)
      return paragraph(
        `<w:numPr><w:ilvl w:val="${part.level ?? 0}"/><w:numId w:val="1"/></w:numPr>`,
        part.item,
      );
    if ('table' in part)
      return `<w:tbl>${part.table.map((row) => `<w:tr>${row.map((cell) => `<w:tc>${paragraph('', cell)}</w:tc>`).join('')}</w:tr>`).join('')}</w:tbl>`;
    return part.xml;
  });
  const style = (id: string, name: string, rest = ''): string =>
    `<w:style w:type="paragraph" w:styleId="${id}"><w:name w:val="${name}"/>${rest}</w:style>`;
  const headings = [1, 2, 3].map((level) => style(`berschrift${level}`, `heading ${level}`)).join('');
  const level = (at: number, format: string, text: string): string =>
    `<w:lvl w:ilvl="${at}"><w:start w:val="1"/><w:numFmt w:val="${format}"/><w:lvlText w:val="${text}"/></w:lvl>`;
  const notes = (options.footnotes ?? [])
    .map((text, at) => `<w:footnote w:id="${at + 1}"><w:p>${run(text)}</w:p></w:footnote>`)
    .join('');
  return makeOffice(
    'word/document.xml',
    {
      'word/document.xml': `<w:document ${w}><w:body>${body.join('')}</w:body></w:document>`,
      'word/styles.xml': `<w:styles ${w}>${headings}${style('Eigen', 'Own heading', '<w:basedOn w:val="berschrift2"/>')}${style('Verzeichnis1', 'toc 1')}${style('Gliederung', 'Outlined', '<w:pPr><w:outlineLvl w:val="2"/></w:pPr>')}</w:styles>`,
      'word/numbering.xml': `<w:numbering ${w}><w:abstractNum w:abstractNumId="0">${level(0, 'decimal', '%1.')}${level(1, 'decimal', '%1.%2')}</w:abstractNum><w:abstractNum w:abstractNumId="1">${level(0, 'chineseCounting', '第%1条')}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num></w:numbering>`,
      'word/footnotes.xml': `<w:footnotes ${w}><w:footnote w:type="separator" w:id="0"><w:p/></w:footnote>${notes}</w:footnotes>`,
    },
    {
      'word/document.xml': ['styles', 'numbering', 'footnotes'].map((type, at) => ({
        id: `r${at + 1}`,
        type: `${RELATIONS}/${type}`,
        target: `${type}.xml`,
      })),
    },
    options,
  );
}

export type XlsxCell =
  | string
  | number
  | boolean
  | { date: number }
  | { percent: number }
  | { error: string }
  | { inline: string }
  | null;

export interface XlsxSheet {
  name: string;
  rows: readonly (readonly XlsxCell[])[];
  hidden?: boolean;
  /** Ranges such as `A1:B2`. */
  merged?: readonly string[];
}

/** @returns a workbook; texts are shared strings. */
export function makeXlsx(options: OfficeOptions & { sheets: readonly XlsxSheet[] }): Buffer {
  const x = `xmlns="${MAIN}/spreadsheetml/2006/main" xmlns:r="${RELATIONS}"`;
  const strings = new Map<string, number>();
  const share = (text: string): number => {
    const at = strings.get(text) ?? strings.size;
    strings.set(text, at);
    return at;
  };
  const cellXml = (cell: XlsxCell, reference: string): string => {
    if (cell === null) return '';
    if (typeof cell === 'string') return `<c r="${reference}" t="s"><v>${share(cell)}</v></c>`;
    if (typeof cell === 'number') return `<c r="${reference}"><v>${cell}</v></c>`;
    if (typeof cell === 'boolean') return `<c r="${reference}" t="b"><v>${cell ? 1 : 0}</v></c>`;
    if ('date' in cell) return `<c r="${reference}" s="1"><v>${cell.date}</v></c>`;
    if ('percent' in cell) return `<c r="${reference}" s="2"><v>${cell.percent}</v></c>`;
    if ('error' in cell) return `<c r="${reference}" t="e"><v>${cell.error}</v></c>`;
    return `<c r="${reference}" t="inlineStr"><is><t>${escapeXml(cell.inline)}</t></is></c>`;
  };
  const contents: Record<string, string> = {};
  options.sheets.forEach((sheet, at) => {
    const rows = sheet.rows.map((row, line) =>
      row.length === 0
        ? ''
        : `<row r="${line + 1}">${row.map((cell, column) => cellXml(cell, `${columnName(column)}${line + 1}`)).join('')}</row>`,
    );
    const merged = sheet.merged
      ? `<mergeCells count="${sheet.merged.length}">${sheet.merged.map((range) => `<mergeCell ref="${range}"/>`).join('')}</mergeCells>`
      : '';
    contents[`xl/worksheets/sheet${at + 1}.xml`] =
      `<worksheet ${x}><sheetData>${rows.join('')}</sheetData>${merged}</worksheet>`;
  });
  contents['xl/workbook.xml'] =
    `<workbook ${x}><sheets>${options.sheets.map((sheet, at) => `<sheet name="${escapeXml(sheet.name)}" sheetId="${at + 1}" r:id="r${at + 1}"${sheet.hidden ? ' state="hidden"' : ''}/>`).join('')}</sheets></workbook>`;
  contents['xl/sharedStrings.xml'] =
    `<sst ${x}>${[...strings.keys()].map((text) => `<si><t xml:space="preserve">${escapeXml(text)}</t></si>`).join('')}</sst>`;
  contents['xl/styles.xml'] =
    `<styleSheet ${x}><numFmts><numFmt numFmtId="200" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="200"/><xf numFmtId="10"/></cellXfs></styleSheet>`;
  const relations = [
    ...options.sheets.map((_, at) => ({
      id: `r${at + 1}`,
      type: `${RELATIONS}/worksheet`,
      target: `worksheets/sheet${at + 1}.xml`,
    })),
    { id: 'strings', type: `${RELATIONS}/sharedStrings`, target: '/xl/sharedStrings.xml' },
    { id: 'styles', type: `${RELATIONS}/styles`, target: 'styles.xml' },
  ];
  return makeOffice('xl/workbook.xml', contents, { 'xl/workbook.xml': relations }, options);
}

export interface PptxSlide {
  title?: string;
  /** Each a paragraph of the body, with its level from 0. */
  items?: readonly { text: string; level?: number }[];
  table?: readonly (readonly string[])[];
  notes?: string;
}

/** @returns a presentation whose slides lie in the archive in the reverse of their order. */
export function makePptx(options: OfficeOptions & { slides: readonly PptxSlide[] }): Buffer {
  const p = `xmlns:p="${MAIN}/presentationml/2006/main" xmlns:a="${MAIN}/drawingml/2006/main" xmlns:r="${RELATIONS}"`;
  const text = (value: string, level = 0): string =>
    `<a:p><a:pPr lvl="${level}"/><a:r><a:t>${escapeXml(value)}</a:t></a:r></a:p>`;
  const shape = (placeholder: string, paragraphs: string): string =>
    `<p:sp><p:nvSpPr><p:cNvPr id="2" name="x"/><p:nvPr><p:ph${placeholder && ` type="${placeholder}"`}/></p:nvPr></p:nvSpPr><p:txBody>${paragraphs}</p:txBody></p:sp>`;
  const contents: Record<string, string> = {};
  const relations: Record<string, Relation[]> = { 'ppt/presentation.xml': [] };
  [...options.slides.entries()].reverse().forEach(([at, slide]) => {
    const number = at + 1;
    const table = slide.table
      ? `<p:graphicFrame><a:graphic><a:graphicData><a:tbl>${slide.table.map((row) => `<a:tr>${row.map((cell) => `<a:tc><a:txBody>${text(cell)}</a:txBody></a:tc>`).join('')}</a:tr>`).join('')}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>`
      : '';
    const items = slide.items
      ? shape('', slide.items.map((item) => text(item.text, item.level)).join(''))
      : '';
    const title = slide.title === undefined ? '' : shape('title', text(slide.title));
    const name = `ppt/slides/slide${number}.xml`;
    contents[name] =
      `<p:sld ${p}><p:cSld><p:spTree>${items}${table}${shape('sldNum', text(String(number)))}${title}</p:spTree></p:cSld></p:sld>`;
    relations['ppt/presentation.xml']?.push({
      id: `r${number}`,
      type: `${RELATIONS}/slide`,
      target: `slides/slide${number}.xml`,
    });
    if (slide.notes !== undefined) {
      contents[`ppt/notesSlides/notes${number}.xml`] =
        `<p:notes ${p}><p:cSld><p:spTree>${shape('body', text(slide.notes))}</p:spTree></p:cSld></p:notes>`;
      relations[name] = [
        { id: 'r1', type: `${RELATIONS}/notesSlide`, target: `../notesSlides/notes${number}.xml` },
      ];
    }
  });
  contents['ppt/presentation.xml'] =
    `<p:presentation ${p}><p:sldIdLst>${options.slides.map((_, at) => `<p:sldId id="${256 + at}" r:id="r${at + 1}"/>`).join('')}</p:sldIdLst></p:presentation>`;
  return makeOffice('ppt/presentation.xml', contents, relations, options);
}

function relationsXml(relations: readonly Relation[]): string {
  return `${XML}<Relationships xmlns="${PACKAGE}/relationships">${relations.map(({ id, type, target }) => `<Relationship Id="${id}" Type="${type}" Target="${target}"/>`).join('')}</Relationships>`;
}

function escapeXml(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign,
  );
}

function columnName(column: number): string {
  return (
    (column >= 26 ? String.fromCharCode(64 + Math.floor(column / 26)) : '') +
    String.fromCharCode(65 + (column % 26))
  );
}
