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

/** What scores texts against a question, reading both together. */
export const RerankModel = z.object({
  name: z.string(),
  /** Changes whenever the same texts may get other scores: the weights' hash, or that of the endpoint's address. */
  revision: z.string(),
});
export type RerankModel = z.infer<typeof RerankModel>;

/** Most texts in one call of `rerank`. */
export const MAX_RERANK_TEXTS = 200;

/** What gives texts labels. */
export const ClassifyModel = z.object({
  name: z.string(),
  /** Changes whenever the same text may get other scores: the weights' hash, or that of the endpoint's address. */
  revision: z.string(),
});
export type ClassifyModel = z.infer<typeof ClassifyModel>;

/** Most texts in one call of `classify`. */
export const MAX_CLASSIFY_TEXTS = 256;

/** A label of a model, and how sure it is of it. */
export const LabelScore = z.object({ label: z.string(), score: z.number().min(0).max(1) });
export type LabelScore = z.infer<typeof LabelScore>;

/** What writes down what is spoken. */
export const TranscribeModel = z.object({
  name: z.string(),
  /** Changes whenever the same sound may get another text: the weights' hash, or that of the endpoint's address. */
  revision: z.string(),
});
export type TranscribeModel = z.infer<typeof TranscribeModel>;

/** Largest file of sound in bytes, as OpenAI has it. */
export const MAX_AUDIO_BYTES = 25 * 2 ** 20;

/** A piece of what was said, with where it stands in the sound, in seconds. */
export const TranscriptSegment = z.object({
  start: z.number().min(0),
  end: z.number().min(0),
  text: z.string(),
});
export type TranscriptSegment = z.infer<typeof TranscriptSegment>;

/** What was said. */
export const Transcript = z.object({
  text: z.string(),
  /** Code such as `zh`; null where neither the caller nor the model said. */
  language: z.string().nullable(),
  /** Length of the whole sound. */
  seconds: z.number().min(0),
  /** In their order; empty where there is only the text. */
  segments: z.array(TranscriptSegment),
});
export type Transcript = z.infer<typeof Transcript>;

export const TranscribeInput = z.object({
  model: z.string().optional(),
  /** WAV, MP3, M4A, WebM, Ogg or FLAC, of `MAX_AUDIO_BYTES` at most. */
  audio: z.instanceof(Blob),
  /** Code or English name of what is spoken; found out where it is left out. */
  language: z.string().max(40).optional(),
  /** Words that are likely to come, or the text before: names are then spelt as they are here. */
  prompt: z.string().max(4000).optional(),
  temperature: z.number().min(0).max(1).default(0),
});

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
  /** `configured`: the model that searches are to use, null where there is none; `others`: further ones on disk. */
  rerankModels: oc.output(z.object({ configured: RerankModel.nullable(), others: z.array(RerankModel) })),
  /**
   * Scores of the texts, in their order: how well each answers the query, from 0 to 1. Throws RERANKER_NOT_CONFIGURED
   * where no model is named and none is configured, else as `embed`, and MODEL_OVERLOADED where too much waits.
   */
  rerank: oc
    .input(
      z.object({
        model: z.string().optional(),
        query: z.string(),
        texts: z.array(z.string()).min(1).max(MAX_RERANK_TEXTS),
        urgency: Urgency,
      }),
    )
    .output(z.object({ model: RerankModel, scores: z.array(z.number().min(0).max(1)) })),
  /** `configured`: the model that classifies where none is named, null where there is none; `others`: further ones on disk. */
  classifyModels: oc.output(
    z.object({ configured: ClassifyModel.nullable(), others: z.array(ClassifyModel) }),
  ),
  /**
   * All labels of the model for each text, the surest first: shares of 1 where a text has one label, else each for
   * itself. Throws CLASSIFIER_NOT_CONFIGURED where no model is named and none is configured, else as `rerank`.
   */
  classify: oc
    .input(
      z.object({
        model: z.string().optional(),
        texts: z.array(z.string()).min(1).max(MAX_CLASSIFY_TEXTS),
        urgency: Urgency,
      }),
    )
    .output(z.object({ model: ClassifyModel, labels: z.array(z.array(LabelScore)) })),
  /** `configured`: the model that transcribes where none is named, null where there is none; `others`: further ones on disk. */
  transcribeModels: oc.output(
    z.object({ configured: TranscribeModel.nullable(), others: z.array(TranscribeModel) }),
  ),
  /**
   * Writes down what is spoken. Throws AUDIO_UNREADABLE, AUDIO_TOO_LONG, INVALID_INPUT for a language that the model
   * does not know, TRANSCRIBER_NOT_CONFIGURED where no model is named and none is configured, else as `rerank`.
   */
  transcribe: oc
    .input(TranscribeInput.extend({ urgency: Urgency }))
    .output(Transcript.extend({ model: TranscribeModel })),
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
