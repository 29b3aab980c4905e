import { encodeVector } from '@midplane/contracts';
import { currentContext, type ServiceHandlers } from '@midplane/kernel';
import type { Inference } from './inference.js';

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
