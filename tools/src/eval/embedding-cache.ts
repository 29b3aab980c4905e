import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { decodeVector, type EmbeddingModel, encodeVector } from '@midplane/contracts';
import type { EmbeddedPassage } from '@midplane/knowledge';

const FOLDER = resolve(import.meta.dirname, '../../../.cache/eval');

/** What the embedder gives for a batch of texts, as the inference service and the library give it alike. */
export interface EmbeddedBatch {
  vectors: (string | Float32Array)[];
  tokenStates?: string[] | undefined;
}

/** As it is kept: a vector and the states of the tokens, each in base64. */
type Kept = [vector: string, states: string | null];

/**
 * Embeds passages, and remembers what came of them by text and revision of the embedder: a second run of an
 * evaluation need not wait for it. Each text has a file of its own, so that
 * a run which is stopped loses little.
 * @param progress is told how many of how many are done
 */
export async function embedPassages(
  model: EmbeddingModel,
  texts: string[],
  embed: (texts: string[]) => Promise<EmbeddedBatch>,
  progress: (done: number, total: number) => void = () => undefined,
): Promise<EmbeddedPassage[]> {
  const folder = join(FOLDER, `${model.name}@${model.revision}`);
  mkdirSync(folder, { recursive: true });
  const fileOf = (text: string) =>
    join(folder, `${createHash('sha256').update(text).digest('base64url')}.json`);
  const missing = [...new Set(texts)].filter((text) => !existsSync(fileOf(text)));
  for (let at = 0; at < missing.length; at += 32) {
    const batch = missing.slice(at, at + 32);
    const { vectors, tokenStates } = await embed(batch);
    for (const [i, text] of batch.entries()) {
      const vector = vectors[i]!;
      const kept: Kept = [
        typeof vector === 'string' ? vector : encodeVector(vector),
        tokenStates?.[i] ?? null,
      ];
      writeFileSync(`${fileOf(text)}.part`, JSON.stringify(kept));
      renameSync(`${fileOf(text)}.part`, fileOf(text));
    }
    progress(at + batch.length, missing.length);
  }
  return texts.map((text) => {
    const [vector, states] = JSON.parse(readFileSync(fileOf(text), 'utf8')) as Kept;
    return {
      vector: decodeVector(vector),
      ...(states === null ? {} : { states: Buffer.from(states, 'base64') }),
    };
  });
}
