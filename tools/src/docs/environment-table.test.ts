import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withEnvironmentTables } from './environment-table.js';

it('stands in the README as the code has it (npm run docs writes it)', () => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  expect(readme.replace(/[ -]{2,}/g, ' ')).toBe(withEnvironmentTables(readme).replace(/[ -]{2,}/g, ' '));
});

it('names every variable of the public contract', () => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  for (const name of [
    'DATABASE_URL',
    'REDIS_URL',
    'MODELS_DIR',
    'HF_ENDPOINT',
    'LLM_BASE_URL',
    'OIDC_ISSUER',
  ]) {
    expect(readme).toContain(`\`${name}\``);
  }
});
