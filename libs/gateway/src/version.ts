import { createRequire } from 'node:module';

/** Version of the platform: that of the workspace's root, three folders above this file and its compiled form. */
export const VERSION = (createRequire(import.meta.url)('../../../package.json') as { version: string })
  .version;
