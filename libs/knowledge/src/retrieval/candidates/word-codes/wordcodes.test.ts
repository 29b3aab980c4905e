import { expect, it } from 'vitest';
import { compileWat } from '../../../testing/compile-wat.js';

// `vitest -u` compiles it anew.
it('runs what wordcodes.wat says', async () => {
  await expect(await compileWat(new URL('./wordcodes.wat', import.meta.url))).toMatchFileSnapshot(
    './wordcodes.wasm.ts',
  );
});
