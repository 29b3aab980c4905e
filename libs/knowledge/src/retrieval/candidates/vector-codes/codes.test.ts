import { expect, it } from 'vitest';
import { compileWat } from '../../../testing/compile-wat.js';

// `vitest -u` compiles it anew.
it('runs what codes.wat says', async () => {
  await expect(await compileWat(new URL('./codes.wat', import.meta.url))).toMatchFileSnapshot(
    './codes.wasm.ts',
  );
});
