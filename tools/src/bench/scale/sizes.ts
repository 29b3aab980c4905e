import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** @returns the bytes of all files under a folder */
export function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

export const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GB`;
