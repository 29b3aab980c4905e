import type { ServiceHandlers } from '@midplane/kernel';
import type { Priority } from '../scheduling/scheduler.js';

/**
 * The kinds of work and, for each, the lanes in which it waits. Each lane is a queue of its own, so that what somebody
 * waits for is taken up while a worker's hands are full of bulk. A further kind is a row here, and a row in CALLS for
 * each of its calls.
 */
export const LANES = {
  embed: ['interactive', 'counting', 'bulk'],
  rerank: ['interactive', 'bulk'],
  classify: ['interactive', 'bulk'],
  ocr: ['bulk'],
  transcribe: ['interactive', 'bulk'],
} as const satisfies Record<string, readonly Priority[]>;

export type Kind = keyof typeof LANES;
export const KINDS = Object.keys(LANES) as [Kind, ...Kind[]];

export type InferenceCall = keyof ServiceHandlers<'inference'>;
export type CallInput<Call extends InferenceCall> = Parameters<ServiceHandlers<'inference'>[Call]>[0];
export type CallOutput<Call extends InferenceCall> = Awaited<ReturnType<ServiceHandlers<'inference'>[Call]>>;

/** What a call needs, and how it waits. */
type QueuedCall<Input> = {
  [K in Kind]: {
    /** A worker that does this kind answers it. */
    kind: K;
    lane(input: Input): (typeof LANES)[K][number];
    /** What it takes of the texts that may wait. */
    texts(input: Input): number;
  };
}[Kind];

/** What a picture takes in memory, in texts. */
const TEXTS_OF_A_PICTURE = 128;
/** So many bytes of sound take what a text takes: of the default INFERENCE_QUEUE_LIMIT, 512 MB. */
const SOUND_OF_A_TEXT = 2 ** 16;

/** Every call of the contract. */
export const CALLS: { readonly [Call in InferenceCall]: QueuedCall<CallInput<Call>> } = {
  embeddingModels: { kind: 'embed', lane: () => 'interactive', texts: () => 1 },
  embed: { kind: 'embed', lane: ({ urgency }) => urgency, texts: ({ texts }) => texts.length },
  countTokens: { kind: 'embed', lane: () => 'counting', texts: ({ texts }) => texts.length },
  rerankModels: { kind: 'rerank', lane: () => 'interactive', texts: () => 1 },
  rerank: { kind: 'rerank', lane: ({ urgency }) => urgency, texts: ({ texts }) => texts.length },
  classifyModels: { kind: 'classify', lane: () => 'interactive', texts: () => 1 },
  classify: { kind: 'classify', lane: ({ urgency }) => urgency, texts: ({ texts }) => texts.length },
  transcribeModels: { kind: 'transcribe', lane: () => 'interactive', texts: () => 1 },
  transcribe: {
    kind: 'transcribe',
    lane: ({ urgency }) => urgency,
    texts: ({ audio }) => Math.ceil(audio.size / SOUND_OF_A_TEXT),
  },
  ocr: { kind: 'ocr', lane: () => 'bulk', texts: () => TEXTS_OF_A_PICTURE },
};

/** A queue: what is done, and how soon. */
export interface Lane {
  kind: Kind;
  priority: Priority;
}

/** All lanes of some kinds. */
export const lanesOf = (kinds: readonly Kind[]): Lane[] =>
  kinds.flatMap((kind) => LANES[kind].map((priority) => ({ kind, priority })));

/** The name of a lane's queue in BullMQ. */
export const queueName = ({ kind, priority }: Lane): string => `midplane-inference-${kind}-${priority}`;
