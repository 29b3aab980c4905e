import { basename, dirname } from 'node:path';
import { AutoModel, AutoTokenizer, env, type Tensor } from '@huggingface/transformers';

/**
 * The mean state of the tokens of passages, as a model gives them: what the inference service takes from each state
 * before anybody sees it, so it can't be asked for this.
 * @param folder of the model
 * @param prefix that stands before each passage; its tokens and the special ones are left out
 */
export async function meanTokenState(
  folder: string,
  prefix: string,
  passages: string[],
): Promise<Float32Array> {
  env.localModelPath = `${dirname(folder)}/`;
  env.allowRemoteModels = false;
  const tokenize = await AutoTokenizer.from_pretrained(basename(folder));
  const model = await AutoModel.from_pretrained(basename(folder), { dtype: 'q8', device: 'cpu' });
  const before = 1 + tokenize.tokenize(prefix).length;
  const sum: number[] = [];
  let tokens = 0;
  for (const passage of passages) {
    const encoded = tokenize(prefix + passage, { truncation: true, max_length: 512 }) as object;
    const { last_hidden_state: states } = (await model(encoded)) as { last_hidden_state: Tensor };
    const [, count, dimension] = states.dims as [number, number, number];
    const data = states.data as Float32Array;
    for (let token = before; token < count - 1; token++, tokens++)
      for (let d = 0; d < dimension; d++) sum[d] = (sum[d] ?? 0) + data[token * dimension + d]!;
  }
  await model.dispose();
  return Float32Array.from(sum, (value) => value / tokens);
}
