import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import loadWabt from 'wabt';

// `vitest -u` compiles it anew.
it('runs what words.wat says', async () => {
  const wabt = await loadWabt();
  const source = await readFile(new URL('./words.wat', import.meta.url), 'utf8');
  const program = Buffer.from(wabt.parseWat('words.wat', source).toBinary({}).buffer).toString('base64');
  await expect(
    `/** Compiled from words.wat. */\nexport const WORDS_WASM =\n  '${program}';\n`,
  ).toMatchFileSnapshot('./words.wasm.ts');
});
