import { closeSync, openSync, readSync } from 'node:fs';
import { createReadStream } from 'node:fs';

import jschardet from 'jschardet';

/** So much of a file decides its encoding. */
const SAMPLE = 1 << 20;

/** @returns the first bytes of a file. */
export function readHead(path: string, length = SAMPLE): Buffer {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(length);
    let filled = 0;
    for (let read = -1; read !== 0 && filled < length; filled += read)
      read = readSync(file, head, filled, length - filled, null);
    return head.subarray(0, filled);
  } finally {
    closeSync(file);
  }
}

/**
 * Tells the encoding of a text, as a label for `TextDecoder`: by its byte order mark, UTF-8 where it is valid, then
 * the legacy encodings of Chinese, Japanese and Korean by how many of their characters are in common use, and a
 * Western one last. (A detector by statistics alone takes short Shift-JIS for windows-1252; GB18030 decodes almost
 * anything.)
 *
 * @param head the file's first bytes; the last character may be cut off
 * @returns null for what is no text
 */
export function detectEncoding(head: Uint8Array): string | null {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8';
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const wide = withoutMark(head);
  if (wide) return wide;
  if (controlShare(head) > 0.005) return null;
  if (decodes(head, 'utf-8')) return 'utf-8';
  const scored = LEGACY.flatMap(({ label, common, kana, wide: twoBytes }) => {
    const text = decode(head, label);
    if (text === null || (kana && !/[\u3040-\u30ff]/.test(text))) return [];
    return [{ label, score: commonShare(text, head, common, twoBytes) }];
  }).sort((one, other) => other.score - one.score);
  const best = scored[0];
  if (best?.label === 'gb18030' && isKorean(head) && decodes(head, 'euc-kr')) return 'euc-kr';
  if (best && best.score >= 0.6) return best.label;
  const guessed = jschardet.detect(Buffer.from(head.subarray(0, 1 << 16))).encoding?.toLowerCase() ?? '';
  if (OTHER_SCRIPTS.test(guessed) && decodes(head, guessed)) return guessed;
  if (best && best.score >= 0.3) return best.label;
  return decodes(head, 'windows-1252') ? 'windows-1252' : null;
}

/** Cyrillic, Greek, Hebrew and Thai. Which of the Western encodings it is, a detector only guesses. */
const OTHER_SCRIPTS = /^(?:windows-125[135]|koi8-r|iso-8859-[578]|ibm866|x-mac-cyrillic|tis-620)$/;

/** @returns the text of a file piece by piece; bytes that are wrong in its encoding come as U+FFFD. */
export async function* decodeFile(path: string, encoding: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding);
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 })) {
    const text = decoder.decode(piece as Buffer, { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

interface Legacy {
  label: string;
  /** Text without kana is not in this encoding: it shares its bytes with Chinese ones. */
  kana?: boolean;
  /** Whether two bytes, both given, are a character in common use. */
  common(lead: number, trail: number): boolean;
  /** Whether a byte begins a character of two. */
  wide(lead: number): boolean;
}

/**
 * The first level of each character set holds the characters in daily use: JIS X 0208 (kana, level 1), GB 2312
 * (level 1 and punctuation), Big5 (level 1).
 */
const LEGACY: readonly Legacy[] = [
  {
    label: 'shift_jis',
    wide: (lead) => (lead >= 0x81 && lead <= 0x9f) || (lead >= 0xe0 && lead <= 0xfc),
    common: (lead, trail) =>
      (lead >= 0x81 && lead <= 0x83) || (lead >= 0x88 && lead < 0x98) || (lead === 0x98 && trail <= 0x72),
  },
  {
    label: 'euc-jp',
    kana: true,
    wide: (lead) => lead >= 0x8e,
    common: (lead) => lead === 0xa1 || lead === 0xa4 || lead === 0xa5 || (lead >= 0xb0 && lead <= 0xcf),
  },
  {
    label: 'gb18030',
    wide: (lead) => lead >= 0x81 && lead <= 0xfe,
    common: (lead, trail) =>
      trail >= 0xa1 && (lead === 0xa1 || lead === 0xa3 || (lead >= 0xb0 && lead <= 0xd7)),
  },
  {
    label: 'big5',
    wide: (lead) => lead >= 0x81 && lead <= 0xfe,
    common: (lead) => (lead >= 0xa1 && lead <= 0xa2) || (lead >= 0xa4 && lead <= 0xc6),
  },
];

/**
 * Hangul has the bytes of common Chinese characters whose readings begin with A to R: twelve characters, and none of
 * another reading, is a chance of one in two hundred for Chinese.
 */
function isKorean(bytes: Uint8Array): boolean {
  let all = 0;
  for (let at = 0; at + 1 < bytes.length; at++) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) continue;
    at++;
    if (lead < 0xa4) continue;
    if (lead < 0xb0 || lead > 0xc8) return false;
    all++;
  }
  return all >= 12;
}

/** @returns which part of the characters beyond ASCII are in common use in an encoding. */
function commonShare(
  text: string,
  bytes: Uint8Array,
  common: Legacy['common'],
  wide: Legacy['wide'],
): number {
  let all = 0;
  let usual = 0;
  for (let at = 0; at < bytes.length; at++) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) continue;
    all++;
    if (!wide(lead)) continue;
    if (at + 1 < bytes.length && common(lead, bytes[at + 1] ?? 0)) usual++;
    at++;
  }
  // Japanese has kana: Chinese that happens to be valid in its encodings has hardly any. Half-width kana are rare.
  const kana = text.match(/[\u3040-\u30ff]/g)?.length ?? 0;
  const half = text.match(/[\uff61-\uff9f]/g)?.length ?? 0;
  const japanese = kana > 0.1 * all ? 0.2 : 0;
  return all === 0 ? 0 : usual / all + japanese - (half / all) * 0.5;
}

function withoutMark(head: Uint8Array): string | null {
  const length = Math.min(head.length, 4096) & ~1;
  if (length < 8) return null;
  let even = 0;
  let odd = 0;
  for (let at = 0; at < length; at += 2) {
    if (head[at] === 0) even++;
    if (head[at + 1] === 0) odd++;
  }
  if (odd > 0.3 * (length / 2) && even === 0 && decodes(head, 'utf-16le')) return 'utf-16le';
  if (even > 0.3 * (length / 2) && odd === 0 && decodes(head, 'utf-16be')) return 'utf-16be';
  return null;
}

function controlShare(head: Uint8Array): number {
  let count = 0;
  for (const byte of head)
    if (byte === 0x7f || (byte < 32 && !(byte >= 9 && byte <= 13) && byte !== 27)) count++;
  return count / Math.max(1, head.length);
}

function decode(head: Uint8Array, label: string): string | null {
  // A sample may end within a character: up to three bytes too many.
  for (let cut = 0; cut <= (head.length >= SAMPLE ? 3 : 0); cut++) {
    try {
      return new TextDecoder(label, { fatal: true }).decode(head.subarray(0, head.length - cut));
    } catch {
      continue;
    }
  }
  return null;
}

const decodes = (head: Uint8Array, label: string): boolean => decode(head, label) !== null;
