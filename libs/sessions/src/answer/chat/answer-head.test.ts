import { expect, it } from 'vitest';
import { AnswerHead } from './answer-head.js';

function read(text: string, size: number): { text: string; abstained: boolean } {
  const head = new AnswerHead();
  let out = '';
  for (let at = 0; at < text.length; at += size) out += head.push(text.slice(at, at + size));
  const end = head.end();
  return { text: out + end.text, abstained: end.abstained };
}

it.each([
  ['Ten days [1].', 'Ten days [1].', false],
  ['NO_ANSWER', '', true],
  [' **NO_ANSWER**.\n', '', true],
  ['NO_ANSWERS were given [1].', 'NO_ANSWERS were given [1].', false],
  ['NO way [1].', 'NO way [1].', false],
  ['<think>Is it [1]? NO_ANSWER?</think>\n\nTen days [1].', 'Ten days [1].', false],
  ['<think>Nothing here.</think>NO_ANSWER', '', true],
  ['<think>It never ends', '', false],
  ['<b>Ten</b>', '<b>Ten</b>', false],
  ['', '', false],
])('%j', (text, answer, abstained) => {
  for (const size of [1, 2, 3, 7, 100]) expect(read(text, size)).toEqual({ text: answer, abstained });
});
