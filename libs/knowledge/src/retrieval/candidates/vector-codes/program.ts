import { CODES_WASM } from './codes.wasm.js';

/** As far as it is used here: Node's types leave it to those of browsers. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

/** What `codes.wat` exports, where it says more of it; addresses are bytes of its memory. */
export interface Program {
  memory: { buffer: ArrayBuffer; grow(pages: number): number };
  sums(codes: number, count: number, bytes: number, out: number): void;
}

const PAGE = 65_536;

const compiled = new WebAssembly.Module(Buffer.from(CODES_WASM, 'base64'));
/** Those that nobody uses: each has a memory of its own, since a search keeps its codes there while they come in. */
const idle: Program[] = [];

/** @returns a program for one search, whose memory has so many bytes at least */
export function takeProgram(bytes: number): Program {
  const program = idle.pop() ?? (new WebAssembly.Instance(compiled).exports as Program);
  const missing = Math.ceil((bytes - program.memory.buffer.byteLength) / PAGE);
  if (missing > 0) program.memory.grow(missing);
  return program;
}

/** Gives a program back, for the next search. */
export function giveBack(program: Program): void {
  idle.push(program);
}
