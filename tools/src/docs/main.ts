import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withEnvironmentTables } from './environment-table.js';

/** `npm run docs`: writes what the README has of the code anew. */
const readme = fileURLToPath(new URL('../../../README.md', import.meta.url));
writeFileSync(readme, withEnvironmentTables(readFileSync(readme, 'utf8')));
