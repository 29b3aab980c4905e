import { expect, it } from 'vitest';
import { compileWat } from '../../../testing/compile-wat.js';

// `vitest -u` compiles it anew.
it('runs what dots.wat says', async () => {
  await expect(await compileWat(new URL('./dots.wat', import.meta.url))).toMatchFileSnapshot(
    './dots.wasm.ts',
  );
});
