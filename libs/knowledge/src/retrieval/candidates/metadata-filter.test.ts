import { describe, expect, it } from 'vitest';
import { parseMetadataFilter } from './metadata-filter.js';

describe('a metadata filter', () => {
  it.each([
    [{ dept: {} }, 'filter.dept'],
    [{ dept: [] }, 'filter.dept'],
    [{ dept: null }, 'filter.dept'],
    [{ dept: [['HR']] }, 'filter.dept'],
    [{ year: { from: 2020 } }, 'filter.year'],
    [{ year: { gte: true } }, 'filter.year'],
    [{ year: { gte: 2020, dept: 'HR' } }, 'filter.year'],
    [{ dept: Array.from({ length: 101 }, (_, i) => i) }, 'filter.dept'],
    [Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`f${i}`, i])), 'filter'],
  ])('refuses %j and names the field', (filter, field) => {
    expect(() => parseMetadataFilter(filter)).toThrow(
      expect.objectContaining({
        problem: { code: 'INVALID_INPUT', params: expect.objectContaining({ field }) },
      }),
    );
  });

  it('is empty where none is given', () => {
    expect(parseMetadataFilter(undefined)).toEqual([]);
    expect(parseMetadataFilter({})).toEqual([]);
  });
});
