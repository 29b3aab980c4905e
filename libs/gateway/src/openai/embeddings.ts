import { z } from 'zod';

/** As many texts as one call of the models service takes. */
export const TEXTS_A_CALL = 256;

/** OpenAI's request for embeddings. Texts go in as texts: tokens of another model's tokenizer mean nothing here. */
export const EmbeddingsRequest = z.object({
  model: z.string().min(1).max(200),
  input: z.union([z.string().transform((text) => [text]), z.array(z.string()).min(1).max(2048)]),
  encoding_format: z.enum(['float', 'base64']).default('float'),
  midplane: z.object({ role: z.enum(['query', 'passage']).default('passage') }).optional(),
});
