import type { Readable } from 'node:stream';

import yauzl, { type Entry, type ZipFile } from 'yauzl';

import { ParseError } from '../parse-error.js';
import { readXml } from './xml.js';

/** What an office document may declare before anything of it is unpacked. */
const MAX_ENTRIES = 20_000;
const MAX_TOTAL = 1 << 30;
/** Text packs up to 30 : 1; above this, a part of more than 16 MB holds nothing but repetition. */
const MAX_RATIO = 200;
const RATIO_FROM = 16 << 20;

/** An Office Open XML package (ECMA-376 part 2): the parts of a DOCX, PPTX or XLSX file. */
export class OoxmlPackage {
  private readonly zip: ZipFile;
  private readonly parts: Map<string, Entry>;
  /** DOCX, PPTX or XLSX, for messages. */
  private readonly type: string;

  private constructor(zip: ZipFile, parts: Map<string, Entry>, type: string) {
    this.zip = zip;
    this.parts = parts;
    this.type = type;
  }

  /**
   * Opens a package and refuses a bomb by what its directory declares.
   *
   * @throws ParseError ARCHIVE_BOMB, FILE_DAMAGED, FILE_PASSWORD
   */
  static async open(path: string, type: string): Promise<OoxmlPackage> {
    const zip = await openZip(path, type);
    const parts = new Map<string, Entry>();
    let total = 0;
    try {
      if (zip.entryCount > MAX_ENTRIES)
        throw new ParseError('ARCHIVE_BOMB', { type, detail: `${zip.entryCount} > ${MAX_ENTRIES} files` });
      for await (const entry of entries(zip)) {
        total += entry.uncompressedSize;
        if (total > MAX_TOTAL)
          throw new ParseError('ARCHIVE_BOMB', { type, detail: `> ${MAX_TOTAL >> 20} MB` });
        const ratio = entry.uncompressedSize / Math.max(1, entry.compressedSize);
        if (entry.uncompressedSize > RATIO_FROM && ratio > MAX_RATIO)
          throw new ParseError('ARCHIVE_BOMB', {
            type,
            detail: `${entry.uncompressedSize >> 20} MB, ${Math.round(ratio)} : 1`,
          });
        if (entry.isEncrypted()) throw new ParseError('FILE_PASSWORD', { type });
        parts.set(normal(entry.fileName), entry);
      }
    } catch (error) {
      zip.close();
      throw damaged(error, type);
    }
    return new OoxmlPackage(zip, parts, type);
  }

  close(): void {
    this.zip.close();
  }

  has(part: string): boolean {
    return this.parts.has(normal(part));
  }

  /** @returns a part's bytes; more of them than the directory declares are an error of the stream. */
  async stream(part: string): Promise<Readable> {
    const entry = this.parts.get(normal(part));
    if (!entry) throw new ParseError('FILE_DAMAGED', { type: this.type, detail: `${part} is missing` });
    return new Promise((resolve, reject) => {
      this.zip.openReadStream(entry, (error, stream) => {
        if (error) reject(damaged(error, this.type));
        else resolve(stream);
      });
    });
  }

  /** Reads a part as XML; nothing where the part is missing and need not be there. @throws ParseError */
  async xml(part: string, handler: Parameters<typeof readXml>[1], required = false): Promise<void> {
    if (!required && !this.has(part)) return;
    try {
      await readXml(await this.stream(part), handler, this.type);
    } catch (error) {
      throw damaged(error, this.type);
    }
  }

  /** @returns whether a string is anywhere in a part. */
  async includes(part: string, needle: string): Promise<boolean> {
    let found = false;
    await this.scan(
      part,
      (text) => {
        found ||= text.includes(needle);
      },
      needle.length,
    );
    return found;
  }

  /** Gives a part's text piece by piece, each with the last `overlap` characters of the one before. */
  async scan(part: string, use: (text: string) => void, overlap: number): Promise<void> {
    try {
      let rest = '';
      for await (const piece of await this.stream(part)) {
        const text = rest + (piece as Buffer).toString('latin1');
        use(text);
        rest = text.slice(-overlap);
      }
    } catch (error) {
      throw damaged(error, this.type);
    }
  }

  /** @returns what a part refers to, by id: type (its last word) and target part. External targets are left out. */
  async relations(part: string): Promise<Map<string, { type: string; target: string }>> {
    const found = new Map<string, { type: string; target: string }>();
    const [, folder = '', name = ''] = /^(.*\/)?([^/]*)$/.exec(part) ?? [];
    await this.xml(`${folder}_rels/${name}.rels`, {
      open: (element, attributes) => {
        if (element !== 'Relationship' || attributes.TargetMode === 'External') return;
        const target = attributes.Target ?? '';
        found.set(attributes.Id ?? '', {
          type: attributes.Type?.split('/').at(-1) ?? '',
          target: target.startsWith('/') ? target.slice(1) : resolve(folder, target),
        });
      },
    });
    return found;
  }

  /** @returns the main part: what the package as a whole refers to as its document. */
  async mainPart(): Promise<string> {
    for (const { type, target } of (await this.relations('')).values())
      if (type === 'officeDocument') return target;
    throw new ParseError('FILE_DAMAGED', { type: this.type, detail: 'no main part' });
  }

  /** @returns the document's own title and number of pages, where it has them. */
  async properties(): Promise<{ title: string | null; pages: number | null }> {
    const texts: Record<string, string> = {};
    let element = '';
    const handler = {
      open: (name: string): void => {
        element = name;
      },
      text: (text: string): void => {
        if (element === 'title' || element === 'Pages') texts[element] = (texts[element] ?? '') + text;
      },
      close: (): void => {
        element = '';
      },
    };
    await this.xml('docProps/core.xml', handler);
    await this.xml('docProps/app.xml', handler);
    const pages = Number(texts.Pages);
    return { title: texts.title ?? null, pages: Number.isInteger(pages) && pages > 0 ? pages : null };
  }
}

/** @returns names of the files in an archive, at most 20,000; empty where its directory cannot be read. */
export async function zipNames(path: string): Promise<string[]> {
  const names: string[] = [];
  let zip: ZipFile | undefined;
  try {
    zip = await openZip(path, 'ZIP');
    if (zip.entryCount <= MAX_ENTRIES) for await (const entry of entries(zip)) names.push(entry.fileName);
  } catch {
    // Whoever reads it says what is wrong.
  } finally {
    zip?.close();
  }
  return names;
}

function openZip(path: string, type: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    yauzl.open(path, { lazyEntries: true, autoClose: false, validateEntrySizes: true }, (error, zip) => {
      if (error) reject(damaged(error, type));
      else resolve(zip);
    });
  });
}

async function* entries(zip: ZipFile): AsyncGenerator<Entry> {
  for (let left = zip.entryCount; left > 0; left--) {
    yield await new Promise<Entry>((resolve, reject) => {
      const done = (): void => {
        zip.off('entry', onEntry).off('error', onError).off('end', onEnd);
      };
      const onEntry = (entry: Entry): void => {
        done();
        resolve(entry);
      };
      const onError = (error: Error): void => {
        done();
        reject(error);
      };
      const onEnd = (): void => {
        onError(new Error('fewer files than declared'));
      };
      zip.on('entry', onEntry).on('error', onError).on('end', onEnd);
      zip.readEntry();
    });
  }
}

/** @returns what went wrong as an error that a person can be told. */
function damaged(error: unknown, type: string): unknown {
  if (error instanceof ParseError || !(error instanceof Error)) return error;
  const detail = error.message.split('\n')[0]?.slice(0, 120) ?? '';
  if (/too many bytes in the stream/i.test(error.message))
    return new ParseError('ARCHIVE_BOMB', { type, detail });
  const code = 'code' in error ? String(error.code) : '';
  // Faults of ours and of the disk are not the file's.
  if (
    error instanceof TypeError ||
    error instanceof RangeError ||
    (/^E[A-Z]+$/.test(code) && !code.startsWith('ERR_'))
  )
    return error;
  return new ParseError('FILE_DAMAGED', { type, detail }, { cause: error });
}

/** Part names don't tell upper from lower case. */
const normal = (part: string): string => part.replace(/^\//, '').replaceAll('\\', '/').toLowerCase();

function resolve(folder: string, target: string): string {
  const path: string[] = folder.split('/').filter((step) => step !== '');
  for (const step of target.split('/')) {
    if (step === '..') path.pop();
    else if (step !== '.' && step !== '') path.push(step);
  }
  return path.join('/');
}
