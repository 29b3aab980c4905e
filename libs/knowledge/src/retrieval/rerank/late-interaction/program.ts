import { DOTS_WASM } from './dots.wasm.js';

/** As far as it is used here: Node's types leave it to those of browsers. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

/** What `dots.wat` exports, where it says more of each; addresses are bytes of its memory. */
interface Program {
  memory: { buffer: ArrayBuffer; grow(pages: number): number };
  dots(
    question: number,
    rows: number,
    width: number,
    codes: number,
    tokens: number,
    scratch: number,
    out: number,
    stride: number,
  ): void;
  scale(at: number, end: number, middle: number, step: number, scales: number): void;
  closeness(
    values: number,
    rows: number,
    width: number,
    block: number,
    weights: number,
    bests: number,
    stride: number,
    sums: number,
  ): number;
}

const PAGE = 65_536;

/** Where data may lie in its memory: before it stand the levels. */
export const BASE = 16;

export const program = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(DOTS_WASM, 'base64')))
  .exports as Program;

/** Makes sure that its memory has so many bytes. What was seen of it before may be gone. */
export function reserve(bytes: number): void {
  const missing = Math.ceil((bytes - program.memory.buffer.byteLength) / PAGE);
  if (missing > 0) program.memory.grow(missing);
}

/** @returns the address, or the next one behind it where a vector may lie */
export const aligned = (address: number): number => 16 * Math.ceil(address / 16);
