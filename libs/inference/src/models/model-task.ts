import { z } from 'zod';
import { readJson } from './read-json.js';

/** What a model is for: turning a text into a vector, or scoring a text against a question. */
export const ModelTask = z.enum(['embed', 'rerank']);
export type ModelTask = z.infer<typeof ModelTask>;

/** How a person calls a model of the task. */
export const TASK_NAMES: Record<ModelTask, string> = { embed: 'an embedder', rerank: 'a reranker' };

/**
 * @returns what `midplane.json` says; else `rerank` for the architectures that classify sequences, which is what
 *   cross-encoders are published as
 * @throws Error that names the file where one is wrong
 */
export async function readTask(folder: string): Promise<ModelTask> {
  const own = await readJson(folder, 'midplane.json', z.object({ task: ModelTask.optional() }));
  if (own?.task) return own.task;
  const config = await readJson(
    folder,
    'config.json',
    z.object({ architectures: z.array(z.string()).nullish() }),
  );
  const classifies = config?.architectures?.some((name) => name.endsWith('ForSequenceClassification'));
  return classifies ? 'rerank' : 'embed';
}
