import { describe, expect, it } from 'vitest';
import { acrossPlan, lexicalPlan, vectorPlan } from './plan.js';
import type { Within } from './queries.js';

describe('the vector channel', () => {
  it.each<[string, number, number, string]>([
    ['compares a small scope one by one', 2_000, 2_000, 'narrow'],
    ['goes through a small graph where most of it may be seen', 20_000, 30_000, 'wide'],
    ['compares codes where little of a small graph may be seen', 10_000, 30_000, 'codes'],
    ['compares codes of a part of a large graph', 100_000, 1_000_000, 'codes'],
    ['compares codes of all of a graph of some size', 100_000, 100_000, 'codes'],
    ['goes through the graph where there are too many codes', 200_000, 1_000_000, 'wide'],
  ])('%s', (_, chunks, indexed, plan) => expect(vectorPlan(chunks, indexed)).toBe(plan));

  it('compares one by one what lies in places that the question names', () => {
    const within: Within = { pages: [3, 3] };
    for (const chunks of [5_000, 200_000]) expect(vectorPlan(chunks, 1_000_000, within)).toBe('narrow');
  });
});

describe('the vector channel, for the script that the question is not in', () => {
  it.each<[string, number, string]>([
    ['compares few one by one', 2_000, 'narrow'],
    ['compares the codes of some, which the graph would hardly meet', 15_000, 'codes'],
    ['goes through the graph to many', 20_000, 'wide'],
  ])('%s', (_, chunks, expected) => expect(acrossPlan(chunks)).toBe(expected));

  it('compares one by one what lies in places that the question names', () => {
    expect(acrossPlan(15_000, { headings: [['^3']] })).toBe('narrow');
  });
});

describe('the lexical channel', () => {
  it.each<[number, number, string]>([
    [300, 300, 'codes'],
    [1_000, 1_000, 'wide'],
    [22_000, 1_000_000, 'codes'],
    [23_000, 1_000_000, 'wide'],
    [50_001, 100_000_000, 'wide'],
  ])('sees %d of %d: %s', (chunks, indexed, plan) => expect(lexicalPlan(chunks, indexed)).toBe(plan));

  it.each<[number, number, string]>([
    [300, 300, 'narrow'],
    [1_000, 1_000, 'wide'],
    [7_000, 1_000_000, 'narrow'],
    [10_001, 100_000_000, 'wide'],
  ])('sees what lies in named places, %d of %d: %s', (chunks, indexed, plan) =>
    expect(lexicalPlan(chunks, indexed, { pages: [3, 3] })).toBe(plan),
  );
});
