import { createWriteStream } from 'node:fs';
import { access, constants, mkdir, opendir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { checkKey, type FileStorage, Meter, type WriteOptions, type Written } from './file-storage.port.js';

/** Names of files on their way begin so; no key can. */
const UNFINISHED = '.unfinished-';
const ABANDONED_MS = 86_400_000;

/** Files in a folder: what `npm start` uses. Written beside, flushed, then renamed into place. */
export class FolderStorage implements FileStorage {
  constructor(private readonly folder: string) {}

  async write(key: string, bytes: Readable, { maxBytes, signal }: WriteOptions): Promise<Written> {
    const path = this.pathOf(key);
    const temporary = join(this.folder, `${UNFINISHED}${randomUUID()}`);
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const meter = new Meter(maxBytes);
    try {
      await pipeline(bytes, meter, createWriteStream(temporary, { mode: 0o600, flush: true }), { signal });
      await moveInto(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    return meter.written();
  }

  async read(key: string): Promise<Readable> {
    const file = await open(this.pathOf(key), 'r');
    return file.createReadStream();
  }

  async delete(keys: string[]): Promise<void> {
    for (const key of keys) {
      const path = this.pathOf(key);
      await rm(path, { force: true });
      await this.removeEmptyFolders(dirname(path));
    }
  }

  async deletePrefix(prefix: string): Promise<void> {
    const keys: string[] = [];
    for await (const key of this.list(prefix)) keys.push(key);
    await this.delete(keys);
  }

  async *list(prefix: string): AsyncIterable<string> {
    checkKey(prefix);
    const start = dirname(join(this.folder, `${prefix}x`));
    const entries = await opendir(start, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for await (const entry of entries) {
      if (!entry.isFile() || entry.name.startsWith(UNFINISHED)) continue;
      const key = relative(this.folder, join(entry.parentPath, entry.name)).split(sep).join('/');
      if (key.startsWith(prefix)) yield key;
    }
  }

  /** Also removes what processes have left half-written that were killed more than a day ago. */
  async check(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await access(this.folder, constants.W_OK);
    for (const name of await readdir(this.folder)) {
      if (!name.startsWith(UNFINISHED)) continue;
      const path = join(this.folder, name);
      const written = await stat(path).catch(() => undefined);
      if (written && Date.now() - written.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
    }
  }

  private pathOf(key: string): string {
    return join(this.folder, checkKey(key));
  }

  /** A folder that another write fills at this moment is not empty, and stays. */
  private async removeEmptyFolders(folder: string): Promise<void> {
    for (let at = folder; at.startsWith(this.folder + sep); at = dirname(at)) {
      const removed = await rmdir(at).then(
        () => true,
        () => false,
      );
      if (!removed) return;
    }
  }
}

/** A delete beside us may remove the folder, empty for a moment, between its making and the rename: then again. */
async function moveInto(temporary: string, path: string): Promise<void> {
  for (let tries = 3; ; tries -= 1) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    try {
      await rename(temporary, path);
      return await flushFolder(dirname(path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === 0) throw error;
    }
  }
}

/** Makes a rename last through a power cut. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
