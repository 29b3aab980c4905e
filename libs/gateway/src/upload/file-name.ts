const MAX_LENGTH = 255;

/**
 * A client's name of a file as a name: no folders, no control or direction characters, at most 255 characters, of
 * which the extension is kept.
 * @returns `upload` where nothing is left
 */
export function cleanFileName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  const visible = last
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (/^\.*$/.test(visible)) return 'upload';
  const characters = [...visible];
  if (characters.length <= MAX_LENGTH) return visible;
  const extension = [...(/\.[^.\s]{1,10}$/.exec(visible)?.[0] ?? '')];
  return [...characters.slice(0, MAX_LENGTH - extension.length), ...extension].join('');
}
