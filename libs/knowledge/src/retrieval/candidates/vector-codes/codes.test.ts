import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import loadWabt from 'wabt';

// `vitest -u` compiles it anew.
it('runs what codes.wat says', async () => {
  const wabt = await loadWabt();
  const source = await readFile(new URL('./codes.wat', import.meta.url), 'utf8');
  const parsed = wabt.parseWat('codes.wat', source, { simd: true, relaxed_simd: true });
  const program = Buffer.from(parsed.toBinary({}).buffer).toString('base64');
  await expect(
    `/** Compiled from codes.wat. */\nexport const CODES_WASM =\n  '${program}';\n`,
  ).toMatchFileSnapshot('./codes.wasm.ts');
});
