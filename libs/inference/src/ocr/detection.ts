import { InferenceSession, Tensor } from 'onnxruntime-node';
import { distance, smallestRectangle, type Point, type Quad } from './geometry.js';
import { resize, type Picture } from './picture.js';

/**
 * PP-OCR's text detector (a DBNet): it gives each pixel the probability of lying in the core of a line of text.
 * The constants are PaddleOCR's own (tools/infer/utility.py and its DBPostProcess), except for the longest side:
 * its 960 loses the small print of a page.
 */
const LONGEST_SIDE = 1536;
/** The network halves its input five times. */
const SIDE_MULTIPLE = 32;
/** Of blue, green, red, on a scale of 0–1 (ImageNet). */
const MEAN = [0.485, 0.456, 0.406] as const;
const DEVIATION = [0.229, 0.224, 0.225] as const;
const PIXEL_THRESHOLD = 0.3;
const LINE_THRESHOLD = 0.5;
/** How much the core of a line is grown to the whole line: area × ratio / perimeter. */
const GROW_RATIO = 1.6;
/** Lines lower than this, in the detector's pixels, are specks. */
const LEAST_HEIGHT = 3;

/** Finds where text is. @returns one tilted rectangle for each line, in pixels of the picture, in no order */
export async function detectLines(model: InferenceSession, picture: Picture): Promise<Quad[]> {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const rounded = (side: number): number =>
    Math.max(SIDE_MULTIPLE, Math.round((side * scale) / SIDE_MULTIPLE) * SIDE_MULTIPLE);
  const input = await resize(picture, { width: rounded(picture.width), height: rounded(picture.height) });
  const { [model.outputNames[0]!]: output } = await model.run({ [model.inputNames[0]!]: toTensor(input) });
  const [scaleX, scaleY] = [picture.width / input.width, picture.height / input.height];
  return components(output!.data as Float32Array, input.width, input.height)
    .map((outline) => smallestRectangle(outline, (w, h) => (w * h * GROW_RATIO) / (2 * (w + h))))
    .filter((quad) => quad !== undefined)
    .filter((quad) => Math.min(distance(quad[0], quad[1]), distance(quad[1], quad[2])) >= LEAST_HEIGHT + 2)
    .map((quad) => quad.map(([x, y]): Point => [x * scaleX, y * scaleY]) as unknown as Quad);
}

function toTensor({ width, height, pixels }: Picture): Tensor {
  const size = width * height;
  const values = new Float32Array(3 * size);
  for (let channel = 0; channel < 3; channel += 1) {
    // The network was trained on blue, green, red.
    const source = 2 - channel;
    const factor = 1 / (255 * DEVIATION[channel]!);
    const shift = MEAN[channel]! / DEVIATION[channel]!;
    for (let i = 0; i < size; i += 1) values[channel * size + i] = pixels[i * 3 + source]! * factor - shift;
  }
  return new Tensor('float32', values, [1, 3, height, width]);
}

/**
 * Connected areas of likely pixels (8 neighbours) whose mean probability is high enough.
 * @returns for each, the ends of its rows: all that a hull needs
 */
function components(probability: Float32Array, width: number, height: number): Point[][] {
  const seen = new Uint8Array(width * height);
  const found: Point[][] = [];
  const stack: number[] = [];
  for (let start = 0; start < seen.length; start += 1) {
    if (seen[start] || probability[start]! <= PIXEL_THRESHOLD) continue;
    const rows = new Map<number, [left: number, right: number]>();
    let sum = 0;
    let count = 0;
    seen[start] = 1;
    stack.push(start);
    while (stack.length > 0) {
      const at = stack.pop()!;
      const [x, y] = [at % width, Math.floor(at / width)];
      sum += probability[at]!;
      count += 1;
      const row = rows.get(y);
      if (!row) rows.set(y, [x, x]);
      else if (x < row[0]) row[0] = x;
      else if (x > row[1]) row[1] = x;
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny += 1) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx += 1) {
          const next = ny * width + nx;
          if (seen[next] || probability[next]! <= PIXEL_THRESHOLD) continue;
          seen[next] = 1;
          stack.push(next);
        }
      }
    }
    if (rows.size < LEAST_HEIGHT || sum / count < LINE_THRESHOLD) continue;
    found.push(
      [...rows].flatMap(([y, [left, right]]): Point[] => [
        [left, y],
        [right + 1, y],
        [left, y + 1],
        [right + 1, y + 1],
      ]),
    );
  }
  return found;
}
