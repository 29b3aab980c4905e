/** Bytes of a new one: states of 50 passages have some 1.5 MB. */
const AT_FIRST = 2 ** 21;

/** Texts of bytes, one behind the other, which threads read where they are. */
export class SharedBytes {
  private buffer = new SharedArrayBuffer(AT_FIRST);
  private end = 0;
  private readonly lengths: number[] = [];

  add(bytes: Uint8Array): void {
    const end = this.end + bytes.length;
    if (end > this.buffer.byteLength) {
      const larger = new SharedArrayBuffer(2 * end);
      new Uint8Array(larger).set(this.part(0).packed);
      this.buffer = larger;
    }
    new Uint8Array(this.buffer, this.end).set(bytes);
    this.lengths.push(bytes.length);
    this.end = end;
  }

  get count(): number {
    return this.lengths.length;
  }

  /** @returns those with the numbers from `from` up to `to`, which is none of them */
  part(from: number, to = this.count): { packed: Uint8Array; lengths: number[] } {
    const bytesOf = (lengths: number[]) => lengths.reduce((sum, length) => sum + length, 0);
    const lengths = this.lengths.slice(from, to);
    const begin = bytesOf(this.lengths.slice(0, from));
    return { packed: new Uint8Array(this.buffer, begin, bytesOf(lengths)), lengths };
  }

  clear(): void {
    this.end = 0;
    this.lengths.length = 0;
  }
}
