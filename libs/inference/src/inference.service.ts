import { encodeVector } from '@midplane/contracts';
import { currentContext, type ServiceHandlers } from '@midplane/kernel';
import type { Inference } from './inference.js';
import { type CallInput, CALLS, type InferenceCall } from './queue/calls.js';
import type { InferenceQueue } from './queue/inference-queue.js';

/** The calls of the inference contract. Each ends early where its caller goes away or its deadline passes. */
export function inferenceHandlers(inference: Inference): ServiceHandlers<'inference'> {
  return {
    embeddingModels: () => inference.embeddingModels(),
    embed: async (input) => {
      const { vectors, ...others } = await inference.embed({ ...input, signal: currentContext().signal });
      return { ...others, vectors: vectors.map(encodeVector) };
    },
    countTokens: (input) => inference.countTokens({ ...input, signal: currentContext().signal }),
    rerankModels: () => inference.rerankModels(),
    rerank: (input) => inference.rerank({ ...input, signal: currentContext().signal }),
    classifyModels: () => inference.classifyModels(),
    classify: (input) => inference.classify({ ...input, signal: currentContext().signal }),
    transcribeModels: () => inference.transcribeModels(),
    transcribe: (input) => inference.transcribe({ ...input, signal: currentContext().signal }),
    ocr: async ({ image }) => ({ lines: await inference.ocr({ image, signal: currentContext().signal }) }),
  };
}

/** The calls of the inference contract, done by workers behind a queue. */
export function queuedHandlers(queue: InferenceQueue): ServiceHandlers<'inference'> {
  const handler =
    <Call extends InferenceCall>(call: Call) =>
    (input: CallInput<Call>) =>
      queue.call(call, input);
  // One for each call, whose types CALLS has checked one by one.
  return Object.fromEntries(
    (Object.keys(CALLS) as InferenceCall[]).map((call) => [call, handler(call)]),
  ) as unknown as ServiceHandlers<'inference'>;
}
