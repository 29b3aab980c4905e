import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './process.js';

/** The documents that the product ships to start with. */
export const SAMPLES = join(ROOT, 'apps/platform/samples');

const SHARED = join(ROOT, '../shared/data/documents');

/** Real documents of other people, where the folder beside the checkout is there. */
export const REAL_DOCUMENTS = existsSync(SHARED) ? SHARED : undefined;
if (!REAL_DOCUMENTS)
  process.stderr.write(`Without ${SHARED}: journeys use the project's own documents only.\n`);
