import { expect, it } from 'vitest';
import { compileWat } from '../../../testing/compile-wat.js';

// `vitest -u` compiles it anew.
it('runs what words.wat says', async () => {
  await expect(await compileWat(new URL('./words.wat', import.meta.url))).toMatchFileSnapshot(
    './words.wasm.ts',
  );
});
