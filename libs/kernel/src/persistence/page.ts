import type { Page } from '@midplane/contracts';
import { Id } from '@midplane/contracts';
import { invalidInput } from '../errors/errors.js';

/** Cursors are ids in base64url: opaque, and stable when rows are added. */
export function encodeCursor(id: string): string {
  return Buffer.from(id).toString('base64url');
}

/** @throws UserError INVALID_INPUT for what {@link encodeCursor} did not make */
export function decodeCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const parsed = Id.safeParse(Buffer.from(cursor, 'base64url').toString());
  if (!parsed.success) {
    throw invalidInput('after', {
      en: 'expected an endCursor of an earlier page',
      zh: '应为之前某一页返回的 endCursor',
    });
  }
  return parsed.data;
}

/**
 * Makes a page out of rows that were read with a limit of `first + 1`.
 * @param rows at most first + 1 of them, in order
 * @param totalCount of the whole list
 */
export function toPage<R extends { id: string }, T>(
  rows: R[],
  first: number,
  totalCount: number,
  view: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, first);
  const last = shown.at(-1);
  return {
    nodes: shown.map(view),
    endCursor: last ? encodeCursor(last.id) : null,
    hasNextPage: rows.length > first,
    totalCount,
  };
}
