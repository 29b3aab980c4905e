import { WORDS_WASM } from './words.wasm.js';

/** As far as it is used here: Node's types leave it to those of browsers. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

/** What `words.wat` exports, where it says more of it; addresses are bytes of its memory. */
interface Program {
  memory: { buffer: ArrayBuffer; grow(pages: number): number };
  count(text: number, end: number, mask: number, times: number): number;
}

const PAGE = 65_536;

export const program = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(WORDS_WASM, 'base64')))
  .exports as Program;

/** Makes sure that its memory has so many bytes. What was seen of it before may be gone. */
export function reserve(bytes: number): void {
  const missing = Math.ceil((bytes - program.memory.buffer.byteLength) / PAGE);
  if (missing > 0) program.memory.grow(missing);
}
