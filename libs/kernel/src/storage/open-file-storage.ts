import { resolve } from 'node:path';
import type { KernelConfig } from '../config/kernel.config.js';
import type { FileStorage } from './file-storage.port.js';
import { FolderStorage } from './folder.storage.js';

/** @returns S3 where S3_ENDPOINT is set, else the folder `files` under MIDPLANE_HOME */
export async function openFileStorage(config: KernelConfig): Promise<FileStorage> {
  if (!config.S3_ENDPOINT) return new FolderStorage(resolve(config.MIDPLANE_HOME, 'files'));
  // A megabyte and a half of code that most installations never run.
  const { S3Storage } = await import('./s3.storage.js');
  return new S3Storage({
    endpoint: config.S3_ENDPOINT,
    region: config.S3_REGION,
    bucket: config.S3_BUCKET,
    accessKeyId: config.S3_ACCESS_KEY_ID,
    secretAccessKey: config.S3_SECRET_ACCESS_KEY,
  });
}
