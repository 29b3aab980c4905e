import type { Block } from './block.js';

/** What a reader of a format fills: blocks as they come, and what is known of the document at the end. */
export interface Reading {
  /** Where pictures of pages go. */
  workDir: string;
  title: string | null;
  pageCount: number | null;
  write(block: Block): Promise<void>;
}

const MAX_TITLE = 300;

/**
 * @returns a title as one line without control characters and invisible marks, at most 300 characters; null where
 * nothing of it says anything
 */
export function cleanTitle(title: string | null | undefined): string | null {
  const clean = cleanText(title ?? '')
    .replace(/[\s\u2028\u2029]+/g, ' ')
    .trim();
  if (
    !/[\p{L}\p{N}]/u.test(clean) ||
    /^(untitled|无标题|document\d*|slide \d+|powerpoint presentation)$/i.test(clean)
  )
    return null;
  const name = clean.replace(/^microsoft (word|powerpoint|excel) - /i, '');
  return [...name].slice(0, MAX_TITLE).join('');
}

/** @returns the text without control characters, invisible direction marks and halves of surrogate pairs. */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')

    .replace(
      /[\u0000-\u0008\u000b\u000e-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufffe\uffff]/g,
      '',
    )
    .replace(/\f/g, '\n');
}
