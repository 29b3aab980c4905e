/** The containers that are taken, by the extension that servers know them by. */
export type AudioType = 'wav' | 'mp3' | 'm4a' | 'webm' | 'ogg' | 'flac';

const startsWith = (bytes: Uint8Array, text: string, at = 0): boolean =>
  [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));

/**
 * @param bytes a file's first bytes, 12 at least
 * @returns what it is by its content, whatever its name says; undefined where it is none of these
 */
export function audioTypeOf(bytes: Uint8Array): AudioType | undefined {
  if (startsWith(bytes, 'RIFF') && startsWith(bytes, 'WAVE', 8)) return 'wav';
  if (startsWith(bytes, 'fLaC')) return 'flac';
  if (startsWith(bytes, 'OggS')) return 'ogg';
  if (startsWith(bytes, 'ftyp', 4)) return 'm4a';
  if (startsWith(bytes, '\x1a\x45\xdf\xa3')) return 'webm';
  // An ID3 tag, or the 11 bits that begin an MPEG frame, of layer 1 to 3.
  const frame = bytes[0] === 0xff && (bytes[1]! & 0xe0) === 0xe0 && (bytes[1]! & 0x06) !== 0;
  return startsWith(bytes, 'ID3') || frame ? 'mp3' : undefined;
}
