import { pooled, type WebAssemblyProgram } from '../../web-assembly.js';
import { WORDCODES_WASM } from './wordcodes.wasm.js';

/** What `wordcodes.wat` exports, where it says more of it; addresses are bytes of its memory. */
export interface Program extends WebAssemblyProgram {
  count(codes: number, end: number, mask: number, row: number, stride: number, out: number): number;
}

/** A search keeps what it has counted in a program's memory while codes come in. */
export const programs = pooled<Program>(WORDCODES_WASM);
