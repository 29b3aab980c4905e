import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CircuitBreaker } from './circuit-breaker.js';
import { backoffMs, readRetryAfter } from './retry.js';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance', 'Date'] }));
afterEach(() => vi.useRealTimers());

describe('CircuitBreaker', () => {
  const broken = () => {
    const breaker = new CircuitBreaker({ failures: 3, restMs: 1000 });
    for (let i = 0; i < 3; i += 1) breaker.failed();
    return breaker;
  };

  it('rests after so many failures in a row, and not before', () => {
    const breaker = new CircuitBreaker({ failures: 3, restMs: 1000 });
    breaker.failed();
    breaker.failed();
    expect([breaker.restingMs(), breaker.health]).toEqual([0, 'DEGRADED']);
    breaker.succeeded();
    breaker.failed();
    breaker.failed();
    expect([breaker.restingMs(), breaker.health]).toEqual([0, 'DEGRADED']);
    breaker.failed();
    expect([breaker.restingMs(), breaker.admit(), breaker.health]).toEqual([1000, 1000, 'DOWN']);
  });

  it('lets one call try after the rest, and the others wait for how it goes', () => {
    const breaker = broken();
    vi.advanceTimersByTime(1000);
    expect([breaker.admit(), breaker.admit()]).toEqual([0, 1000]);
    breaker.succeeded();
    expect([breaker.admit(), breaker.admit(), breaker.health]).toEqual([0, 0, 'UP']);
  });

  it('lets another call try where nobody hears of the first', () => {
    const breaker = broken();
    vi.advanceTimersByTime(1000);
    breaker.admit();
    vi.advanceTimersByTime(1000);
    expect(breaker.admit()).toBe(0);
  });

  it('rests again at the next failure', () => {
    const breaker = broken();
    vi.advanceTimersByTime(1000);
    expect([breaker.restingMs(), breaker.restingMs()]).toEqual([0, 0]);
    breaker.failed();
    expect(breaker.restingMs()).toBe(1000);
  });
});

describe('backoffMs', () => {
  it('doubles, give or take a half', () => {
    for (const [attempt, mean] of [
      [1, 100],
      [2, 200],
      [4, 800],
    ] as const) {
      const pauses = Array.from({ length: 500 }, () => backoffMs(attempt, 100));
      expect(Math.min(...pauses)).toBeGreaterThanOrEqual(mean / 2);
      expect(Math.max(...pauses)).toBeLessThan(mean * 1.5);
      expect(new Set(pauses).size).toBeGreaterThan(400);
    }
  });
});

describe('readRetryAfter', () => {
  it.each([
    ['0', 0],
    ['2', 2000],
    ['0.01', 10],
    [['3', '9'], 3000],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
    ['soon', undefined],
  ])('reads %j', (header, ms) => {
    expect(readRetryAfter(header)).toBe(ms);
  });

  it('reads a date, and takes one that is past for now', () => {
    vi.setSystemTime(new Date('2026-01-01T00:00:00Z'));
    expect(readRetryAfter('Thu, 01 Jan 2026 00:00:05 GMT')).toBe(5000);
    expect(readRetryAfter('Wed, 31 Dec 2025 23:00:00 GMT')).toBe(0);
  });
});
