import { decodeVector, shareOfHan } from '@midplane/contracts';

/** For texts in Han characters and for all others: what is taken from a vector, as `encodeVector` writes it. */
export interface EncodedCentres {
  han: string;
  other: string;
}

/**
 * Moves the vectors of each language onto a common centre. A multilingual embedder sets all texts of one language
 * close together whatever they say: where passages of both languages stand side by side, every Chinese passage is
 * nearer to a Chinese question than the English one that answers it. `npm run eval:centres` measures the centres.
 */
export class LanguageCentres {
  private readonly han: Float32Array;
  private readonly other: Float32Array;

  constructor(encoded: EncodedCentres) {
    this.han = decodeVector(encoded.han);
    this.other = decodeVector(encoded.other);
  }

  /** @returns the centre of a text's language; of one in two languages between theirs, by its shares of them */
  of(text: string): Float32Array {
    const han = shareOfHan(text);
    return this.han.map((value, i) => han * value + (1 - han) * this.other[i]!);
  }

  /**
   * @param vector of length 1, as the model gives it
   * @param text that it stands for
   * @returns a vector of length 1
   */
  move(vector: Float32Array, text: string): Float32Array {
    const centre = this.of(text);
    const moved = vector.map((value, i) => value - centre[i]!);
    const length = Math.hypot(...moved);
    return moved.map((value) => value / length);
  }
}
