import { InferenceSession, Tensor } from 'onnxruntime-node';
import { distance, turned, type Quad } from './geometry.js';
import type { Picture } from './picture.js';

/** Height that PP-OCRv4's recognizer was trained on, in pixels. */
const LINE_HEIGHT = 48;
/** A longer line is squeezed: nothing on a page is longer in proportion, and memory grows with it. */
const LONGEST_LINE = 3200;
/** A line this much higher than wide is read downwards. */
const UPRIGHT = 1.5;
/** Empty width between two Latin letters that is a space, as a share of the line's height. */
const SPACE_WIDTH = 0.15;

export interface RecognizedLine {
  text: string;
  /** Mean probability of its characters, 0–1. */
  confidence: number;
}

/**
 * Reads one line.
 * @param alphabet the characters of the model's classes; class 0 is "no character"
 * @param quad begins where the text begins
 */
export async function recognizeLine(
  model: InferenceSession,
  alphabet: readonly string[],
  picture: Picture,
  quad: Quad,
): Promise<RecognizedLine> {
  const line = cutOut(picture, quad);
  const { [model.outputNames[0]!]: output } = await model.run({ [model.inputNames[0]!]: toTensor(line) });
  const characters = decode(output!.data as Float32Array, output!.dims as [number, number, number], alphabet);
  if (characters.length === 0) return { text: '', confidence: 0 };
  const confidence = characters.reduce((sum, { probability }) => sum + probability, 0) / characters.length;
  return { text: withSpaces(characters, line, output!.dims[1]!), confidence };
}

/** The line, level and 48 pixels high. */
function cutOut(picture: Picture, quad: Quad): Picture {
  const upright = distance(quad[0], quad[3]) > UPRIGHT * distance(quad[0], quad[1]);
  const [origin, right, , down] = upright ? turned(quad, 1) : quad;
  const sourceWidth = distance(origin, right);
  const sourceHeight = distance(origin, down);
  const width = Math.min(LONGEST_LINE, Math.max(8, Math.round((sourceWidth / sourceHeight) * LINE_HEIGHT)));
  const pixels = new Uint8Array(width * LINE_HEIGHT * 3);
  // A line much higher than 48 pixels is averaged over several samples for each pixel, or thin strokes get lost.
  const samples = Math.max(1, Math.round(sourceHeight / LINE_HEIGHT));
  const step = 1 / samples;
  const colour: [number, number, number] = [0, 0, 0];
  for (let v = 0; v < LINE_HEIGHT; v += 1) {
    for (let u = 0; u < width; u += 1) {
      colour.fill(0);
      for (let sv = 0; sv < samples; sv += 1) {
        for (let su = 0; su < samples; su += 1) {
          const along = (u + (su + 0.5) * step) / width;
          const across = (v + (sv + 0.5) * step) / LINE_HEIGHT;
          const x = origin[0] + (right[0] - origin[0]) * along + (down[0] - origin[0]) * across;
          const y = origin[1] + (right[1] - origin[1]) * along + (down[1] - origin[1]) * across;
          addSample(picture, x - 0.5, y - 0.5, colour);
        }
      }
      const at = (v * width + u) * 3;
      for (let c = 0; c < 3; c += 1) pixels[at + c] = Math.round(colour[c]! * step * step);
    }
  }
  return { width, height: LINE_HEIGHT, pixels };
}

/** Adds the colour at a point between pixels (bilinear; outside, the border's colour). */
function addSample(
  { width, height, pixels }: Picture,
  x: number,
  y: number,
  sum: [number, number, number],
): void {
  const cx = Math.min(Math.max(x, 0), width - 1);
  const cy = Math.min(Math.max(y, 0), height - 1);
  const [x0, y0] = [Math.floor(cx), Math.floor(cy)];
  const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)];
  const [fx, fy] = [cx - x0, cy - y0];
  for (let c = 0; c < 3; c += 1) {
    const top = pixels[(y0 * width + x0) * 3 + c]! * (1 - fx) + pixels[(y0 * width + x1) * 3 + c]! * fx;
    const bottom = pixels[(y1 * width + x0) * 3 + c]! * (1 - fx) + pixels[(y1 * width + x1) * 3 + c]! * fx;
    sum[c] = sum[c]! + top * (1 - fy) + bottom * fy;
  }
}

function toTensor({ width, height, pixels }: Picture): Tensor {
  const size = width * height;
  const values = new Float32Array(3 * size);
  for (let channel = 0; channel < 3; channel += 1) {
    // Blue, green, red, from −1 to 1.
    for (let i = 0; i < size; i += 1) values[channel * size + i] = pixels[i * 3 + 2 - channel]! / 127.5 - 1;
  }
  return new Tensor('float32', values, [1, 3, height, width]);
}

interface Character {
  text: string;
  probability: number;
  /** Time steps, from the left, at which the model saw it. */
  from: number;
  to: number;
}

/** CTC: the likeliest class of each step, repetitions joined, "no character" left out. */
function decode(
  probabilities: Float32Array,
  [, steps, classes]: [number, number, number],
  alphabet: readonly string[],
): Character[] {
  const characters: Character[] = [];
  let previous = 0;
  for (let step = 0; step < steps; step += 1) {
    let best = 0;
    for (let each = 1; each < classes; each += 1) {
      if (probabilities[step * classes + each]! > probabilities[step * classes + best]!) best = each;
    }
    if (best !== 0 && best === previous) characters.at(-1)!.to = step;
    else if (best !== 0) {
      const probability = probabilities[step * classes + best]!;
      characters.push({ text: alphabet[best] ?? '', probability, from: step, to: step });
    }
    previous = best;
  }
  return characters;
}

/**
 * The recognizer, trained on Chinese above all, leaves out most spaces. Where it read two characters that are not
 * Chinese with enough empty picture between them, there was one.
 */
function withSpaces(characters: Character[], line: Picture, steps: number): string {
  const inked = inkedColumns(line);
  const toColumn = line.width / steps;
  let text = '';
  for (const [i, character] of characters.entries()) {
    const before = characters[i - 1];
    if (before && mayPart(before.text, character.text)) {
      const [from, to] = [Math.floor(before.to * toColumn), Math.ceil((character.from + 1) * toColumn)];
      if (longestGap(inked, from, to) >= SPACE_WIDTH * line.height) text += ' ';
    }
    text += character.text;
  }
  return text.replace(/ {2,}/g, ' ').trim();
}

/** Of scripts that part words by spaces. */
const SPACED = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{N}\p{P}\p{Sc}<>=+±×°]$/u;
/** Chinese punctuation is as wide as a character and brings its own empty space. */
const FULL_WIDTH = /^[\u2e80-\u9fff\uff00-\uffef]$/;

/** Whether a space may stand between two characters. */
function mayPart(before: string, after: string): boolean {
  const spaced = (character: string): boolean => SPACED.test(character) && !FULL_WIDTH.test(character);
  return spaced(before) && spaced(after) && !/^[,.;:!?%)\]}]$/.test(after) && !/^[([{]$/.test(before);
}

/** @returns 1 for each column that holds a pixel unlike the line's background */
function inkedColumns({ width, height, pixels }: Picture): Uint8Array {
  const brightness = new Uint8Array(width * height);
  const histogram = new Uint32Array(256);
  for (let i = 0; i < brightness.length; i += 1) {
    const value = (pixels[i * 3]! * 3 + pixels[i * 3 + 1]! * 6 + pixels[i * 3 + 2]!) / 10;
    brightness[i] = value;
    histogram[brightness[i]!]! += 1;
  }
  const background = histogram.indexOf(Math.max(...histogram));
  const contrast = brightness.reduce((most, value) => Math.max(most, Math.abs(value - background)), 0);
  const inked = new Uint8Array(width);
  for (let i = 0; i < brightness.length; i += 1) {
    if (Math.abs(brightness[i]! - background) > contrast * 0.35) inked[i % width] = 1;
  }
  return inked;
}

function longestGap(inked: Uint8Array, from: number, to: number): number {
  let longest = 0;
  let current = 0;
  for (let column = Math.max(0, from); column < Math.min(to, inked.length); column += 1) {
    current = inked[column] ? 0 : current + 1;
    longest = Math.max(longest, current);
  }
  return longest;
}
