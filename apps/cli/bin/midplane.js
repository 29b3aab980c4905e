#!/usr/bin/env node
// Runs the compiled command line; the first time in a checkout it is compiled first.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
if (!existsSync(main)) {
  process.stderr.write('Compiling the command line (once)…\n');
  const { status } = spawnSync(
    process.execPath,
    [`${root}/node_modules/typescript/bin/tsc`, '-b', `${root}/apps/cli/tsconfig.lib.json`],
    { stdio: 'inherit' },
  );
  if (status !== 0) process.exit(status ?? 1);
}
await import(main);
