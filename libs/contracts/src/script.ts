const HAN = /\p{Script=Han}/u;
const LETTER = /\p{L}/u;

/** How much of a long text is looked at, in UTF-16 units. */
const LOOKED_AT = 2_000;

/** @returns the share (0–1) of Han characters in a text's letters; a Han character counts as the four of a word */
export function shareOfHan(text: string): number {
  let han = 0;
  let others = 0;
  for (const character of text.slice(0, LOOKED_AT)) {
    if (HAN.test(character)) han += 4;
    else if (LETTER.test(character)) others += 1;
  }
  return han + others === 0 ? 0 : han / (han + others);
}
