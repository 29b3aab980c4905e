import { compiled, type WebAssemblyProgram } from '../../web-assembly.js';
import { WORDS_WASM } from './words.wasm.js';

/** What `words.wat` exports, where it says more of it; addresses are bytes of its memory. */
interface Program extends WebAssemblyProgram {
  count(text: number, end: number, mask: number, times: number): number;
}

export const program = compiled<Program>(WORDS_WASM)();
