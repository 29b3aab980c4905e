/**
 * Writes the few parts of an ONNX file that a small graph needs, in protocol buffers.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto for the numbers of the fields
 */

/** Data types of tensors. */
export const FLOAT = 1;
export const INT64 = 7;

export interface Node {
  op: string;
  inputs: string[];
  output: string;
  /** Whole-numbered attributes, by name. */
  attributes?: Record<string, number>;
}

export interface Graph {
  /** Name and data type; each has one row for each text and a column for each token. */
  inputs: Record<string, number>;
  nodes: Node[];
  /** Constants: whole numbers are written as 64-bit integers, those given as `{ float }` as 32-bit floats. */
  constants: Record<string, number[] | { float: number }>;
  /** A float tensor of two dimensions. */
  output: string;
}

const ATTRIBUTE_INT = 2;
const IR_VERSION = 8;
const OPSET = 13;

/** @returns the file's bytes */
export function onnxModel(graph: Graph): Buffer {
  const encoded = Buffer.concat([
    ...graph.nodes.map((node) => bytes(1, encodeNode(node))),
    text(2, 'graph'),
    ...Object.entries(graph.constants).map(([name, value]) => bytes(5, constant(name, value))),
    ...Object.entries(graph.inputs).map(([name, type]) => bytes(11, tensorInfo(name, type))),
    bytes(12, tensorInfo(graph.output, FLOAT)),
  ]);
  return Buffer.concat([number(1, IR_VERSION), bytes(7, encoded), bytes(8, number(2, OPSET))]);
}

function encodeNode({ op, inputs, output, attributes = {} }: Node): Buffer {
  return Buffer.concat([
    ...inputs.map((name) => text(1, name)),
    text(2, output),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) =>
      bytes(5, Buffer.concat([text(1, name), number(3, value), number(20, ATTRIBUTE_INT)])),
    ),
  ]);
}

function constant(name: string, value: number[] | { float: number }): Buffer {
  const raw = Array.isArray(value)
    ? Buffer.from(BigInt64Array.from(value.map(BigInt)).buffer)
    : Buffer.from(Float32Array.of(value.float).buffer);
  return Buffer.concat([
    number(1, Array.isArray(value) ? value.length : 1),
    number(2, Array.isArray(value) ? INT64 : FLOAT),
    text(8, name),
    bytes(9, raw),
  ]);
}

function tensorInfo(name: string, type: number): Buffer {
  const dimension = (parameter: string): Buffer => bytes(1, text(2, parameter));
  const shape = Buffer.concat([dimension('texts'), dimension('columns')]);
  const tensor = Buffer.concat([number(1, type), bytes(2, shape)]);
  return Buffer.concat([text(1, name), bytes(2, bytes(1, tensor))]);
}

/** A field of bytes, behind its number and length. */
const bytes = (field: number, value: Buffer): Buffer =>
  Buffer.concat([varint(field * 8 + 2), varint(value.length), value]);
const text = (field: number, value: string): Buffer => bytes(field, Buffer.from(value));
const number = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)]);

function varint(value: number): Buffer {
  const parts: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) parts.push((rest % 128) | 128);
  return Buffer.from([...parts, rest]);
}
