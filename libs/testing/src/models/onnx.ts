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
  /** Whole-numbered attributes and lists of them, by name. */
  attributes?: Record<string, number | number[]>;
}

export interface Graph {
  /** By name, data types, with a row for each text and a column for each token; or tensors of other shapes. */
  inputs: Record<string, number | TensorInfo>;
  nodes: Node[];
  /** Constants: whole numbers are written as 64-bit integers, those given as `{ float }` as 32-bit floats. */
  constants: Record<string, number[] | { float: number }>;
  /** Float tensors: names of those of two dimensions, or with their shapes. */
  outputs: Record<string, TensorInfo> | string;
}

export interface TensorInfo {
  type: number;
  /** Sizes, and names of those that vary. */
  shape: (number | string)[];
}

const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;
const IR_VERSION = 8;
const OPSET = 13;

/** @returns the file's bytes */
export function onnxModel(graph: Graph): Buffer {
  const encoded = Buffer.concat([
    ...graph.nodes.map((node) => bytes(1, encodeNode(node))),
    text(2, 'graph'),
    ...Object.entries(graph.constants).map(([name, value]) => bytes(5, constant(name, value))),
    ...Object.entries(graph.inputs).map(([name, info]) => bytes(11, tensorInfo(name, info))),
    ...Object.entries(typeof graph.outputs === 'string' ? { [graph.outputs]: FLOAT } : graph.outputs).map(
      ([name, info]) => bytes(12, tensorInfo(name, info)),
    ),
  ]);
  return Buffer.concat([number(1, IR_VERSION), bytes(7, encoded), bytes(8, number(2, OPSET))]);
}

function encodeNode({ op, inputs, output, attributes = {} }: Node): Buffer {
  return Buffer.concat([
    ...inputs.map((name) => text(1, name)),
    text(2, output),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) =>
      bytes(
        5,
        Array.isArray(value)
          ? Buffer.concat([
              text(1, name),
              ...value.map((each) => number(8, each)),
              number(20, ATTRIBUTE_INTS),
            ])
          : Buffer.concat([text(1, name), number(3, value), number(20, ATTRIBUTE_INT)]),
      ),
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

function tensorInfo(name: string, info: number | TensorInfo): Buffer {
  const { type, shape } = typeof info === 'number' ? { type: info, shape: ['texts', 'columns'] } : info;
  const dimensions = shape.map((size) =>
    bytes(1, typeof size === 'number' ? number(1, size) : text(2, size)),
  );
  const tensor = Buffer.concat([number(1, type), bytes(2, Buffer.concat(dimensions))]);
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
