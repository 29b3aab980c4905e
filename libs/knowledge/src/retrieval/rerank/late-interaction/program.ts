import { compiled, type WebAssemblyProgram } from '../../web-assembly.js';
import { DOTS_WASM } from './dots.wasm.js';

/** What `dots.wat` exports, where it says more of each; addresses are bytes of its memory. */
interface Program extends WebAssemblyProgram {
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

/** Where data may lie in its memory: before it stand the levels. */
export const BASE = 16;

export const program = compiled<Program>(DOTS_WASM)();

/** @returns the address, or the next one behind it where a vector may lie */
export const aligned = (address: number): number => 16 * Math.ceil(address / 16);
