import type { Device } from './device.js';

/** A precision of weights. */
export interface Precision {
  /** As @huggingface/transformers names it. */
  dtype: string;
  /** How exporters end the names of its graphs. */
  ending: string;
}

const ENDINGS = {
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  fp32: '',
  fp16: '_fp16',
  q4: '_q4',
} as const;

/** A GPU has no fast way with integers quantized as it goes. */
const ORDER = {
  cpu: ['q8', 'int8', 'uint8', 'fp32', 'fp16', 'q4'],
  gpu: ['fp16', 'fp32', 'q8', 'int8', 'uint8', 'q4'],
} as const;

/** @returns all precisions of graphs, the one that is best on the device first */
export const precisionsOn = (device: Device): Precision[] =>
  ORDER[device === 'cpu' ? 'cpu' : 'gpu'].map((dtype) => ({ dtype, ending: ENDINGS[dtype] }));
