import { compiled, reserve, type WebAssemblyProgram } from '../../web-assembly.js';
import { CODES_WASM } from './codes.wasm.js';

/** What `codes.wat` exports, where it says more of it; addresses are bytes of its memory. */
export interface Program extends WebAssemblyProgram {
  sums(codes: number, count: number, bytes: number, out: number): void;
}

const instance = compiled<Program>(CODES_WASM);
/** Those that nobody uses: each has a memory of its own, since a search keeps its codes there while they come in. */
const idle: Program[] = [];

/** @returns a program for one search, whose memory has so many bytes at least */
export function takeProgram(bytes: number): Program {
  const program = idle.pop() ?? instance();
  reserve(program, bytes);
  return program;
}

/** Gives a program back, for the next search. */
export function giveBack(program: Program): void {
  idle.push(program);
}
