import { pooled, type WebAssemblyProgram } from '../../web-assembly.js';
import { CODES_WASM } from './codes.wasm.js';

/** What `codes.wat` exports, where it says more of it; addresses are bytes of its memory. */
export interface Program extends WebAssemblyProgram {
  sums(codes: number, count: number, bytes: number, out: number): void;
}

/** A search keeps codes in a program's memory while they come in. */
export const programs = pooled<Program>(CODES_WASM);
