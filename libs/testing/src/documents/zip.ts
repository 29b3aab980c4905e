import { constants, crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  name: string;
  data: string | Uint8Array;
  /** Repeats the data so many times, without ever holding all of it: a bomb. */
  repeat?: number;
  /** Written to the directory instead of the true unpacked size. */
  declaredSize?: number;
}

/** @returns a ZIP file (APPNOTE 6.3, without ZIP64). */
export function makeZip(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const data = Buffer.from(entry.data);
    const packed = deflateRepeated(data, entry.repeat ?? 1);
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(0x800, 2);
    facts.writeUInt16LE(8, 4);
    facts.writeUInt32LE(entry.repeat ? 0 : crc32(data), 10);
    facts.writeUInt32LE(packed.length, 14);
    facts.writeUInt32LE(entry.declaredSize ?? data.length * (entry.repeat ?? 1), 18);
    facts.writeUInt16LE(name.length, 22);
    const at = Buffer.alloc(4);
    at.writeUInt32LE(offset);
    parts.push(Buffer.from('PK\x03\x04', 'latin1'), facts, name, packed);
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), facts, Buffer.alloc(10), at, name);
    offset += 4 + facts.length + name.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

/** @returns data, repeated, as a raw DEFLATE stream: the packed piece is repeated, so that a gigabyte takes no time. */
export function deflateRepeated(data: Uint8Array, times: number): Buffer {
  if (times === 1) return deflateRawSync(data);
  const piece = deflateRawSync(data, { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  const last = Buffer.from([3, 0]);
  return Buffer.concat([...Array.from({ length: times }, () => piece), last]);
}
