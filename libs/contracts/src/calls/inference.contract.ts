import { oc } from '@orpc/contract';
import { z } from 'zod';

/** Which side of a search a text is on; models put another prefix before each. */
export const TextRole = z.enum(['query', 'passage']);
export type TextRole = z.infer<typeof TextRole>;

/** `interactive` work (somebody waits for it) goes before `bulk` work (ingest). */
export const Urgency = z.enum(['interactive', 'bulk']);
export type Urgency = z.infer<typeof Urgency>;

export const EmbeddingModel = z.object({
  name: z.string(),
  /** Changes whenever the same text would get another vector: the weights' hash, or the endpoint's own name of it. */
  revision: z.string(),
  dimension: z.int().positive(),
  /** Longest input in tokens, prefix and special tokens included; what is longer is cut. */
  maxTokens: z.int().positive(),
  /** Whether it can give the states of a text's tokens, for late interaction. */
  tokenStates: z.boolean(),
});
export type EmbeddingModel = z.infer<typeof EmbeddingModel>;

/** A vector as base64 of little-endian 32-bit floats (`encodeVector`, `decodeVector`), length 1. */
export const EncodedVector = z.string();

/**
 * The states of one text's tokens, for late interaction: a question is compared with a passage token by token. Each
 * is centred, of length 1, and turned by a rotation that is fixed for its dimension, so that its values spread evenly.
 * Base64 of what `token-states.ts` describes; of a passage the values are kept as 2-bit codes, of a question as they are.
 */
export const EncodedStates = z.string();

/** A line that OCR read: its text, and where: [x, y, width, height] as shares (0–1) of the image's sides. */
export const OcrLine = z.object({
  text: z.string(),
  box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  confidence: z.number().min(0).max(1),
});
export type OcrLine = z.infer<typeof OcrLine>;

/** Local and remote transformer inference. Texts are never logged. */
export const inferenceContract = {
  /** The models that can embed here, the default first. */
  embeddingModels: oc.output(z.array(EmbeddingModel).min(1)),
  /** Throws MODEL_NOT_FOUND where the model is not there, MODEL_UNAVAILABLE where it can't be loaded or reached. */
  embed: oc
    .input(
      z.object({
        model: z.string().optional(),
        role: TextRole,
        urgency: Urgency,
        /**
         * Whether the vectors of each language are moved onto a common centre, so that a question finds what answers
         * it among passages of both. False: as the model gives them, for comparing texts with one another.
         */
        centred: z.boolean().default(true),
        /** Whether to give the states of the tokens too. */
        tokenStates: z.boolean().default(false),
        texts: z.array(z.string()).min(1).max(256),
      }),
    )
    .output(
      z.object({
        model: EmbeddingModel,
        vectors: z.array(EncodedVector),
        /** For each text; missing where they were not asked for, or the model has none. */
        tokenStates: z.array(EncodedStates).optional(),
      }),
    ),
  /** Tokens of each text as the model counts them, without prefix and special tokens. */
  countTokens: oc
    .input(z.object({ model: z.string().optional(), texts: z.array(z.string()).max(4096) }))
    .output(z.object({ counts: z.array(z.int().min(0)), overhead: z.int().min(0) })),
  /** Reads a page's picture (PNG or JPEG), top to bottom. */
  ocr: oc.input(z.object({ image: z.instanceof(Blob) })).output(z.object({ lines: z.array(OcrLine) })),
};

/** @param vector any length; @returns base64 of its little-endian 32-bit floats. */
export function encodeVector(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}

/** The reverse of {@link encodeVector}. */
export function decodeVector(encoded: string): Float32Array {
  const bytes = Buffer.from(encoded, 'base64');
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return new Float32Array(copy.buffer);
}
