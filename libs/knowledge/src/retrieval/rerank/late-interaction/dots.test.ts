import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import loadWabt from 'wabt';

// `vitest -u` compiles it anew.
it('runs what dots.wat says', async () => {
  const wabt = await loadWabt();
  const source = await readFile(new URL('./dots.wat', import.meta.url), 'utf8');
  const parsed = wabt.parseWat('dots.wat', source, { simd: true, relaxed_simd: true });
  const program = Buffer.from(parsed.toBinary({}).buffer).toString('base64');
  await expect(
    `/** Compiled from dots.wat. */\nexport const DOTS_WASM =\n  '${program}';\n`,
  ).toMatchFileSnapshot('./dots.wasm.ts');
});
