import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * @param configured MIDPLANE_MASTER_KEY, base64
 * @returns the master key: the configured one, else that of `<home>/master.key`, which is made where it is missing
 */
export async function loadMasterKey(configured: string | undefined, home: string): Promise<Buffer> {
  if (configured) return Buffer.from(configured, 'base64');
  const file = join(home, 'master.key');
  await mkdir(home, { recursive: true, mode: 0o700 });
  try {
    await writeFile(file, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return Buffer.from(await readFile(file, 'utf8'), 'base64');
}
