import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configGroup, env, readConfig } from './config.js';
import { kernelConfig } from './kernel.config.js';

const group = configGroup('Test', {
  WIDTH: { schema: env.integer(3, 1, 9), description: 'Width of it.' },
  TOKEN: {
    schema: z.string().min(10, 'expected 10 characters').optional(),
    description: 'Its token.',
    secret: true,
  },
  FLAG: { schema: env.flag(false), description: 'Whether.' },
});

describe('readConfig', () => {
  it('gives defaults for what is unset or empty', () => {
    expect(readConfig({ WIDTH: '' }, group)).toEqual({ WIDTH: 3, TOKEN: undefined, FLAG: false });
  });

  it('leaves an optional number undefined where it is unset, and does not take a default for one', () => {
    const optional = configGroup('Test', {
      LIMIT: { schema: env.optionalInteger(1, 9), description: 'Its limit.' },
    });
    expect(readConfig({}, optional)).toEqual({ LIMIT: undefined });
    expect(readConfig({ LIMIT: '4' }, optional)).toEqual({ LIMIT: 4 });
    expect(() => readConfig({ LIMIT: '10' }, optional)).toThrow(/LIMIT: expected a whole number from 1 to 9/);
    // @ts-expect-error -- its default would hide that it is unset
    configGroup('Test', { LIMIT: { schema: env.integer(3, 1, 9).optional(), description: 'Its limit.' } });
  });

  it('names every wrong variable in one message and prints no secret', () => {
    const read = () => readConfig({ WIDTH: 'wide', TOKEN: 'hunter2', FLAG: 'maybe' }, group);
    expect(read).toThrow(/WIDTH: expected a whole number from 1 to 9 \(it is "wide"\)/);
    expect(read).toThrow(/TOKEN: expected 10 characters/);
    expect(read).toThrow(/FLAG: expected true or false/);
    expect(read).not.toThrow(/hunter2/);
  });

  it('does not print a database password where the address is wrong', () => {
    const read = () => readConfig({ DATABASE_URL: 'mysql://root:sesame@db/x', PORT: '99999' }, kernelConfig);
    expect(read).toThrow(/DATABASE_URL: expected a URL that begins with postgres:\/\//);
    expect(read).toThrow(/PORT/);
    expect(read).not.toThrow(/sesame/);
  });
});
