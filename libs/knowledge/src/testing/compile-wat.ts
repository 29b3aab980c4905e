import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import loadWabt from 'wabt';

/** @returns the text of the module that holds a compiled program, as it stands beside its `.wat` */
export async function compileWat(url: URL): Promise<string> {
  const wabt = await loadWabt();
  const file = basename(url.pathname);
  const parsed = wabt.parseWat(file, await readFile(url, 'utf8'), { simd: true, relaxed_simd: true });
  const program = Buffer.from(parsed.toBinary({}).buffer).toString('base64');
  const name = `${basename(file, '.wat').toUpperCase()}_WASM`;
  return `/** Compiled from ${file}. */\nexport const ${name} =\n  '${program}';\n`;
}
