/** As far as it is used here: Node's types leave it to those of browsers. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

const PAGE = 65_536;

/** What every program here exports; its functions' addresses are bytes of the memory. */
export interface WebAssemblyProgram {
  memory: { buffer: ArrayBuffer; grow(pages: number): number };
}

/** @param base64 a program that is compiled. @returns what makes instances of it, each with a memory of its own */
export function compiled<P extends WebAssemblyProgram>(base64: string): () => P {
  const module = new WebAssembly.Module(Buffer.from(base64, 'base64'));
  return () => new WebAssembly.Instance(module).exports as P;
}

/** Makes sure that a program's memory has so many bytes. What was seen of it before may be gone. */
export function reserve({ memory }: WebAssemblyProgram, bytes: number): void {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE);
  if (missing > 0) memory.grow(missing);
}

/** Programs of one kind for those who keep something in the memory over several events: each has one of its own. */
export interface Pool<P> {
  /** @returns a program whose memory has so many bytes at least, with anything in it */
  take(bytes: number): P;
  /** Nothing of it may be used any more. */
  giveBack(program: P): void;
}

/** A program that has grown larger is not kept, since its memory never gets smaller; nor more of them than these. */
const MOST_KEPT = 8 * 2 ** 20;
const MOST_IDLE = 8;

/** @param base64 a program that is compiled */
export function pooled<P extends WebAssemblyProgram>(base64: string): Pool<P> {
  const instance = compiled<P>(base64);
  const idle: P[] = [];
  return {
    take: (bytes) => {
      const program = idle.pop() ?? instance();
      reserve(program, bytes);
      return program;
    },
    giveBack: (program) => {
      if (idle.length < MOST_IDLE && program.memory.buffer.byteLength <= MOST_KEPT) idle.push(program);
    },
  };
}
