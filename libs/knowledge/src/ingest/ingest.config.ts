import { configGroup, env, type ConfigOf } from '@midplane/kernel';

/** How documents are read. */
export const ingestConfig = configGroup('Ingest', {
  PARSE_TIMEOUT_SECONDS: {
    schema: env.integer(300, 1, 86_400),
    description: 'Longest time that reading one file may take, OCR not counted, in seconds.',
    defaultText: '300',
  },
  PARSE_MEMORY_MB: {
    schema: env.integer(768, 64, 65_536),
    description: 'Most memory that the process reading one file may use, in MB.',
    defaultText: '768',
  },
  REEMBED_GRACE_SECONDS: {
    schema: env.integer(30, 0, 3600),
    description:
      'How long the vectors of the embedder before stay after a knowledge base has moved to another one, for searches that began before, in seconds.',
    defaultText: '30',
  },
});

export type IngestConfig = ConfigOf<typeof ingestConfig>;

/** Injection token of {@link IngestConfig}. */
export const INGEST_CONFIG = Symbol('INGEST_CONFIG');
