/** Headings given along, counted from the nearest, and their length in characters together. */
const HEADINGS_MAX = 3;
const CHARACTERS_MAX = 160;

/**
 * The text that a chunk is found by, in words and as a vector: its nearest headings before it, since a passage often
 * leaves out what the headings above it have said. They are kept short, so that the passage itself is not cut off.
 */
export function passageText({ headings, text }: { headings: string[]; text: string }): string {
  const near = headings.slice(-HEADINGS_MAX).join(' › ');
  return near === '' ? text : `${[...near].slice(-CHARACTERS_MAX).join('')}\n${text}`;
}
