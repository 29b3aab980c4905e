import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { decodeVector, type EmbeddingModel, encodeVector } from '@midplane/contracts';

const FOLDER = resolve(import.meta.dirname, '../../../.cache/eval');

/** Gives a vector for each text. */
export type Embed = (texts: string[]) => Promise<Float32Array[]>;

/**
 * Embeds passages, and remembers the vectors by text and revision of the embedder: a second run of an
 * evaluation need not wait for them.
 * @param progress is told how many of how many are done
 */
export async function embedPassages(
  model: EmbeddingModel,
  texts: string[],
  embed: Embed,
  progress: (done: number, total: number) => void = () => undefined,
): Promise<Float32Array[]> {
  const file = join(FOLDER, `${model.name}@${model.revision}.json`);
  const known = readKnown(file);
  const missing = [...new Set(texts)].filter((text) => !(keyOf(text) in known));
  for (let at = 0; at < missing.length; at += 32) {
    const batch = missing.slice(at, at + 32);
    const vectors = await embed(batch);
    for (const [i, text] of batch.entries()) known[keyOf(text)] = encodeVector(vectors[i]!);
    progress(at + batch.length, missing.length);
  }
  if (missing.length > 0) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(`${file}.part`, JSON.stringify(known));
    renameSync(`${file}.part`, file);
  }
  return texts.map((text) => decodeVector(known[keyOf(text)]!));
}

const keyOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

function readKnown(file: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  } catch {
    return {};
  }
}
