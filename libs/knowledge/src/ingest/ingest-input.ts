import type { Metadata } from '@midplane/contracts';
import { invalidInput } from '@midplane/kernel';
import { z } from 'zod';

const NAME_MAX = 200;
const DESCRIPTION_MAX = 2_000;
const TITLE_MAX = 300;
const READERS_MAX = 500;
const METADATA_KEYS_MAX = 64;
const METADATA_BYTES_MAX = 16_384;

/** Characters that show nothing and can make a text look like another one: controls, direction marks, half surrogates. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;
const CONTROL = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

const NO_NUL = { en: 'expected no NUL characters', zh: '不得包含 NUL 字符' };

const Value = z.union([z.string(), z.number(), z.boolean()]);
const Values = z.union([Value, z.array(Value)]);

/** @returns the name without white space around it. @throws UserError INVALID_INPUT */
export function checkName(name: string): string {
  const trimmed = name.trim();
  if (trimmed.length < 1 || trimmed.length > NAME_MAX)
    throw invalidInput('name', {
      en: `expected 1 to ${NAME_MAX} characters`,
      zh: `应为 1 到 ${NAME_MAX} 个字符`,
    });
  if (CONTROL.test(trimmed))
    throw invalidInput('name', {
      en: 'expected no control characters and one line',
      zh: '应为一行文本，且不含控制字符',
    });
  return trimmed;
}

/** @throws UserError INVALID_INPUT */
export function checkDescription(description: string): string {
  if (description.length > DESCRIPTION_MAX)
    throw invalidInput('description', {
      en: `expected at most ${DESCRIPTION_MAX} characters`,
      zh: `不得超过 ${DESCRIPTION_MAX} 个字符`,
    });
  if (description.includes('\0')) throw invalidInput('description', NO_NUL);
  return description;
}

/**
 * @param given title that the uploader gave, if any
 * @returns it, or else the file's name, as one line of at most 300 visible characters
 */
export function titleOf(given: string | undefined, fileName: string): string {
  return visibleLine(given ?? '') || visibleLine(fileName) || 'document';
}

/** @returns the text as one line without what can't be seen, at most 300 characters; may be empty */
export function visibleLine(text: string): string {
  const line = text.replace(INVISIBLE, ' ').replace(/\s+/g, ' ').trim();
  return [...line].slice(0, TITLE_MAX).join('').trim();
}

/** @returns each reader once. @throws UserError INVALID_INPUT for what is no id of a user or group */
export function checkReaders(readers: string[]): string[] {
  if (readers.length > READERS_MAX)
    throw invalidInput('readers', {
      en: `expected at most ${READERS_MAX} ids; make a group of them`,
      zh: `不得超过 ${READERS_MAX} 个编号，请改用用户组`,
    });
  const ids = readers.map((reader) => reader.toLowerCase());
  const wrong = ids.findIndex((id) => !z.uuid().safeParse(id).success);
  if (wrong >= 0)
    throw invalidInput(`readers.${wrong}`, {
      en: 'expected the id of a user or a group',
      zh: '应为用户或用户组的编号',
    });
  return [...new Set(ids)];
}

/** @throws UserError INVALID_INPUT naming the key and what was expected */
export function checkMetadata(metadata: Metadata): Metadata {
  const entries = Object.entries(metadata);
  if (entries.length > METADATA_KEYS_MAX)
    throw invalidInput('metadata', {
      en: `expected at most ${METADATA_KEYS_MAX} keys`,
      zh: `不得超过 ${METADATA_KEYS_MAX} 个键`,
    });
  for (const [key, value] of entries) {
    if (!/^[\p{L}\p{N}_.-]{1,64}$/u.test(key))
      throw invalidInput('metadata', {
        en: 'expected keys of 1 to 64 letters, digits, ".", "_" or "-"',
        zh: '键应由 1 到 64 个字母、数字、“.”、“_”或“-”组成',
      });
    if (!Values.safeParse(value).success)
      throw invalidInput(`metadata.${key}`, {
        en: 'expected a string, a number, true, false, or a list of them',
        zh: '应为字符串、数字、true、false，或由它们组成的列表',
      });
  }
  const json = JSON.stringify(metadata);
  if (json.includes('\\u0000')) throw invalidInput('metadata', NO_NUL);
  if (Buffer.byteLength(json) > METADATA_BYTES_MAX)
    throw invalidInput('metadata', {
      en: `expected at most ${METADATA_BYTES_MAX} bytes as JSON`,
      zh: `以 JSON 计不得超过 ${METADATA_BYTES_MAX} 字节`,
    });
  return metadata;
}
