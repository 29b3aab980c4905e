import { expect, it } from 'vitest';
import { readTimestamps } from './whisper-tokens.js';

const BEGIN = 1000;
const at = (seconds: number): number => BEGIN + Math.round(seconds / 0.02);

it('reads pieces between their times', () => {
  const tokens = [at(0), 1, 2, at(2.4), at(2.4), 3, at(5)];
  expect(readTimestamps(tokens, BEGIN, 8)).toEqual({
    segments: [
      { start: 0, end: 2.4, tokens: [1, 2] },
      { start: 2.4, end: 5, tokens: [3] },
    ],
    done: 8,
  });
});

it('goes on behind the last end where a piece has none', () => {
  const tokens = [at(0), 1, at(2), at(3), 2, 3];
  expect(readTimestamps(tokens, BEGIN, 30)).toEqual({
    segments: [{ start: 0, end: 2, tokens: [1] }],
    done: 2,
  });
  // Ended, and about to begin another: what lies behind is still to be read.
  expect(readTimestamps([at(0), 1, at(2), at(2)], BEGIN, 30).done).toBe(2);
});

it('takes the whole window where there are no times, and nothing of nothing', () => {
  expect(readTimestamps([1, 2], BEGIN, 7)).toEqual({
    segments: [{ start: 0, end: 7, tokens: [1, 2] }],
    done: 7,
  });
  expect(readTimestamps([at(0)], BEGIN, 7)).toEqual({ segments: [], done: 7 });
  expect(readTimestamps([], BEGIN, 7)).toEqual({ segments: [], done: 7 });
});

it('keeps times within the window, and in their order', () => {
  expect(readTimestamps([at(3), 1, at(1), 2, at(29)], BEGIN, 4).segments).toEqual([
    { start: 3, end: 3, tokens: [1] },
    { start: 1, end: 4, tokens: [2] },
  ]);
});
