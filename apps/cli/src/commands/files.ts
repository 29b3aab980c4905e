import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CommandError } from '../client/client.js';
import { say } from '../messages.js';

export interface LocalFile {
  path: string;
  size: number;
}

/**
 * @param paths files and folders; folders are walked, hidden entries left out
 * @throws CommandError for a path that is not there
 */
export async function findFiles(paths: string[]): Promise<LocalFile[]> {
  const files: LocalFile[] = [];
  for (const path of paths) {
    const info = await stat(path).catch(() => {
      throw new CommandError(say('noSuchPath', { path }));
    });
    if (info.isFile()) files.push({ path, size: info.size });
    else files.push(...(await walk(path)));
  }
  return files;
}

async function walk(folder: string): Promise<LocalFile[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) =>
        !path
          .slice(folder.length)
          .split(/[/\\]/)
          .some((part) => part.startsWith('.') && part.length > 1),
    )
    .filter((path) => !basename(path).startsWith('~$'))
    .sort();
  return Promise.all(paths.map(async (path) => ({ path, size: (await stat(path)).size })));
}

/** @returns SHA-256 of a file in hex */
export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
