import type { OcrLine } from '@midplane/contracts';
import type { InferenceSession } from 'onnxruntime-node';
import { detectLines } from './detection.js';
import { distance, turned, type Quad, type Turn } from './geometry.js';
import type { Picture } from './picture.js';
import { boxOf, inReadingOrder, type Box } from './reading-order.js';
import { recognizeLine } from './recognition.js';

/** PP-OCR's models, loaded. */
export interface OcrModels {
  detector: InferenceSession;
  recognizer: InferenceSession;
  /** The characters of the recognizer's classes; class 0 is "no character". */
  alphabet: readonly string[];
}

/** Less sure lines are noise: a stamp, a signature, the grain of the paper. */
const LEAST_CONFIDENCE = 0.5;
/** A page that is read with less confidence on the whole may lie the other way round. */
const SURE = 0.8;

interface ReadLine {
  line: OcrLine;
  /** Where it stands once the page is turned the right way. */
  place: Box;
}

/** @returns the page's lines in reading order, also where the page lies on its side or upside down */
export async function readPage(models: OcrModels, picture: Picture): Promise<OcrLine[]> {
  const quads = await detectLines(models.detector, picture);
  const [likely, opposite]: [Turn, Turn] = liesOnItsSide(quads) ? [1, 3] : [0, 2];
  let lines = await readLines(models, picture, quads, likely);
  if (meanConfidence(lines) < SURE && lines.length > 0) {
    const others = await readLines(models, picture, quads, opposite);
    if (meanConfidence(others) > meanConfidence(lines)) lines = others;
  }
  return inReadingOrder(lines.filter(({ line }) => line.confidence >= LEAST_CONFIDENCE)).map(
    ({ line }) => line,
  );
}

async function readLines(
  models: OcrModels,
  picture: Picture,
  quads: Quad[],
  turn: Turn,
): Promise<ReadLine[]> {
  const lines: ReadLine[] = [];
  for (const quad of quads) {
    const { text, confidence } = await recognizeLine(
      models.recognizer,
      models.alphabet,
      picture,
      turned(quad, turn),
    );
    if (text === '') continue;
    lines.push({
      line: { text, confidence: Math.min(1, confidence), box: boxOf(picture, quad, 0) },
      place: boxOf(picture, quad, turn),
    });
  }
  return lines;
}

function liesOnItsSide(quads: Quad[]): boolean {
  let level = 0;
  for (const quad of quads) level += distance(quad[0], quad[1]) - distance(quad[0], quad[3]);
  return level < 0;
}

function meanConfidence(lines: ReadLine[]): number {
  return lines.reduce((sum, { line }) => sum + line.confidence, 0) / lines.length;
}
