/** Who owns which of the chunks, so that filters of every width can be asked for. */

/** Chunks of a document, as long reports have. */
export const CHUNKS_OF_DOCUMENT = 20;
/** Documents of the reader who sees few. */
const FEW = 5;
/** Every how manieth document of the large base the reader who sees some sees. */
const SOME = 33;

export interface Base {
  name: string;
  id: string;
  tenantId: string;
  /** From (inclusive) and to (exclusive), by chunk number. */
  from: number;
  to: number;
}

/** What a search is limited to. */
export interface Scope {
  name: string;
  tenantId: string;
  bases: Base[];
  /** The group of a reader who sees only documents with it; undefined: an administrator. */
  group?: string;
  /** Chunks in it. */
  chunks: number;
}

export interface Layout {
  tenants: string[];
  bases: Base[];
  scopes: Scope[];
}

const uuid = (kind: number, number: number): string =>
  `01950000-000${kind}-7000-8000-${number.toString(16).padStart(12, '0')}`;

export const chunkId = (chunk: number): string => uuid(0, chunk);
/** @returns the number of a chunk by its id */
export const chunkNumber = (id: string): number => parseInt(id.slice(-12), 16);
export const documentId = (chunk: number): string => uuid(1, Math.floor(chunk / CHUNKS_OF_DOCUMENT));

const READER_OF_FEW = uuid(4, 1);
const READER_OF_SOME = uuid(4, 2);
const EVERYBODY_ELSE = uuid(4, 3);

/** @returns who may read a document of the large base, by the number of its first chunk */
export function readersOf(base: Base, chunk: number): string[] {
  if (base.name !== 'large') return [];
  const document = Math.floor((chunk - base.from) / CHUNKS_OF_DOCUMENT);
  if (isFew(base, document)) return [READER_OF_FEW];
  return document % SOME === 0 ? [EVERYBODY_ELSE, READER_OF_SOME] : [EVERYBODY_ELSE];
}

function isFew(base: Base, document: number): boolean {
  const documents = Math.floor((base.to - base.from) / CHUNKS_OF_DOCUMENT);
  const step = Math.floor(documents / FEW);
  // Never one of those that the other reader sees too.
  return document % step === 1 && Math.floor(document / step) < FEW && document % SOME !== 0;
}

/** @param count chunks in all, at least 20,000 */
export function layoutOf(count: number): Layout {
  const [large, small] = [uuid(3, 1), uuid(3, 2)];
  const share = (part: number) =>
    Math.max(1, Math.floor(count / part / CHUNKS_OF_DOCUMENT)) * CHUNKS_OF_DOCUMENT;
  const sizes: [name: string, tenantId: string, chunks: number][] = [
    ['a tenth', large, share(10)],
    ['a hundredth', large, share(100)],
    ['a thousandth', large, share(1000)],
    ['tenant', small, share(1000)],
  ];
  let at = 0;
  const bases = sizes.map(([name, tenantId, chunks], i) => {
    const base = { name, id: uuid(2, i + 1), tenantId, from: at, to: at + chunks };
    at = base.to;
    return base;
  });
  bases.unshift({ name: 'large', id: uuid(2, 9), tenantId: large, from: at, to: count });
  const named = (name: string) => bases.find((base) => base.name === name)!;
  const ofLarge = bases.filter(({ tenantId }) => tenantId === large);
  const sizeOf = (some: Base[]) => some.reduce((sum, { from, to }) => sum + to - from, 0);
  const only = (name: string, title: string): Scope => {
    const base = named(name);
    return { name: title, tenantId: base.tenantId, bases: [base], chunks: sizeOf([base]) };
  };
  const seenBy = (group: string): number => {
    const { from, to } = named('large');
    let documents = 0;
    for (let chunk = from; chunk < to; chunk += CHUNKS_OF_DOCUMENT)
      if (readersOf(named('large'), chunk).includes(group)) documents++;
    return documents * CHUNKS_OF_DOCUMENT;
  };
  const reader = (group: string, title: string): Scope => ({
    name: title,
    tenantId: large,
    bases: [named('large')],
    group,
    chunks: seenBy(group),
  });
  return {
    tenants: [large, small],
    bases,
    scopes: [
      { name: 'everything', tenantId: large, bases: ofLarge, chunks: sizeOf(ofLarge) },
      only('a tenth', 'one base in ten'),
      only('a hundredth', 'one base in a hundred'),
      only('a thousandth', 'one base in a thousand'),
      only('tenant', 'one tenant in a thousand'),
      reader(READER_OF_SOME, "one reader's documents, 1 in 33"),
      reader(READER_OF_FEW, "one reader's few documents"),
    ],
  };
}
