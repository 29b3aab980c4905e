import { describe, expect, it } from 'vitest';
import { durationsIn } from './durations.js';

describe('durationsIn', () => {
  it.each([
    ['How long is annual leave after ten years of service?', ['10 year']],
    ['工作满十年的员工每年享有二十天带薪年假。', ['10 year', '20 day']],
    ['子女未满三周岁的员工，每年享有十天育儿假', ['10 day']],
    ['加班時間可在三個月內調休', ['3 month']],
    ['A five-minute lock; 72 hours; 30 minutes', ['5 minute', '72 hour', '30 minute']],
    ['72小时之内，两周以后', ['72 hour', '2 week']],
    ['Every day of the year', []],
  ])('reads the lengths of time of %s', (text, expected) => {
    expect([...durationsIn(text)].sort()).toEqual([...expected].sort());
  });
});
