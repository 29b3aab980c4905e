import { expect, it } from 'vitest';
import { evaluate } from './net.js';

it('adds what the units make of the features to what these count directly', () => {
  const net = {
    weights: { a: 2, b: -1 },
    hidden: [{ counts: 3, bias: -1, weights: { a: 1, b: 0 } }],
  };
  expect(evaluate(net, { a: 1, b: 5 })).toBe(2 - 5);
  expect(evaluate(net, { a: 100, b: 0 })).toBeCloseTo(200 + 3, 6);
  expect(evaluate({ ...net, hidden: [] }, { a: 1, b: 1 })).toBe(1);
});
