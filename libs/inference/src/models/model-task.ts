import { z } from 'zod';
import { readJson } from './read-json.js';

/** What a model is for: a vector of a text, a score of a text against a question, labels of a text, the text of speech. */
export const ModelTask = z.enum(['embed', 'rerank', 'classify', 'transcribe']);
export type ModelTask = z.infer<typeof ModelTask>;

/** How a person calls a model of the task. */
export const TASK_NAMES: Record<ModelTask, string> = {
  embed: 'an embedder',
  rerank: 'a reranker',
  classify: 'a classifier',
  transcribe: 'a speech model',
};

const Config = z.object({
  architectures: z.array(z.string()).nullish(),
  id2label: z.record(z.string(), z.string()).nullish(),
});

/** Architectures of speech models that can be run here. */
const SPEECH = /^(Lite)?(Whisper|Moonshine)ForConditionalGeneration$/;
/** The name of a label that nobody has named. */
const UNNAMED = /^LABEL_\d+$/;

/**
 * @returns what `midplane.json` says; else `transcribe` for the architectures of speech models, and for those that
 *   classify sequences `classify` where they have labels with names, or more than two: what is left is what
 *   cross-encoders are published as
 * @throws Error that names the file where one is wrong
 */
export async function readTask(folder: string): Promise<ModelTask> {
  const own = await readJson(folder, 'midplane.json', z.object({ task: ModelTask.optional() }));
  if (own?.task) return own.task;
  const config = await readJson(folder, 'config.json', Config);
  const { architectures, id2label } = config ?? {};
  if (architectures?.some((name) => SPEECH.test(name))) return 'transcribe';
  if (!architectures?.some((name) => name.endsWith('ForSequenceClassification'))) return 'embed';
  const labels = Object.values(id2label ?? {});
  const named = labels.length === 2 && labels.every((label) => !UNNAMED.test(label));
  return named || labels.length > 2 ? 'classify' : 'rerank';
}
