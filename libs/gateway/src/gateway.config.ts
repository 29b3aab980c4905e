import { z } from 'zod';
import { configGroup, type ConfigOf, env } from '@midplane/kernel';

const MIB = 1024 * 1024;

/** What the gateway reads besides the kernel's variables. */
export const gatewayConfig = configGroup('Gateway', {
  MAX_UPLOAD_BYTES: {
    schema: env.integer(100 * MIB, 1, 2 ** 31 - 1),
    description: 'Largest file that can be uploaded, in bytes.',
    defaultText: '104857600 (100 MiB)',
  },
  MAX_BODY_BYTES: {
    schema: env.integer(MIB, 1024, 64 * MIB),
    description: 'Largest JSON body or WebSocket message, in bytes; files do not count.',
    defaultText: '1048576 (1 MiB)',
  },
  MAX_MODEL_BODY_BYTES: {
    schema: env.integer(20 * MIB, 1024, 256 * MIB),
    description: 'Largest request to the OpenAI-compatible API, in bytes, pictures in it included.',
    defaultText: '20971520 (20 MiB)',
  },
  REQUEST_TIMEOUT_MS: {
    schema: env.integer(120_000, 100, 3_600_000),
    description: 'How long a query or mutation may take.',
    defaultText: '120000',
  },
  STREAM_TIMEOUT_MS: {
    schema: env.integer(1_800_000, 100, 86_400_000),
    description:
      'How long a subscription or an upload may take; a subscription then ends and may be begun anew.',
    defaultText: '1800000',
  },
  RATE_LIMIT_PER_MINUTE: {
    schema: env.integer(1200, 1, 1_000_000),
    description: 'Operations a minute of one API key or user, where the key has no limit of its own.',
    defaultText: '1200',
  },
  MAX_STREAMS_PER_KEY: {
    schema: env.integer(100, 1, 10_000),
    description: 'Subscriptions that one API key or user may have open at once in each gateway process.',
    defaultText: '100',
  },
  MAX_QUERY_TOKENS: {
    schema: env.integer(2000, 100, 100_000),
    description: 'Longest GraphQL document, in tokens.',
    defaultText: '2000',
  },
  MAX_QUERY_DEPTH: {
    schema: env.integer(12, 3, 100),
    description: 'How deep a GraphQL operation may nest.',
    defaultText: '12',
  },
  MAX_QUERY_ALIASES: {
    schema: env.integer(30, 1, 1000),
    description: 'Aliases in a GraphQL operation.',
    defaultText: '30',
  },
  MAX_QUERY_COST: {
    schema: env.integer(5000, 10, 1_000_000),
    description: 'Cost of a GraphQL operation: its objects, times the sizes of the lists they stand in.',
    defaultText: '5000',
  },
  CORS_ORIGINS: {
    schema: z
      .string()
      .default('')
      .transform((text) => text.split(',').map((origin) => origin.trim()))
      .transform((origins) => origins.filter((origin) => origin !== ''))
      .refine(
        (origins) => origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
        {
          message: 'expected origins such as https://app.example.com, separated by commas',
        },
      ),
    description: 'Origins whose pages may call the API from a browser, separated by commas.',
    defaultText: 'none',
  },
  AIGC_PRODUCER: {
    schema: z
      .string()
      .regex(/^[\x20-\x7e]{1,100}$/, 'expected 1 to 100 ASCII characters')
      .default('midplane'),
    description: 'Name or code of the producer in the metadata of AI-generated content (GB 45438-2025).',
    defaultText: 'midplane',
  },
});

export type GatewayConfig = ConfigOf<typeof gatewayConfig>;

/** Injection token of {@link GatewayConfig}. */
export const GATEWAY_CONFIG = Symbol('GATEWAY_CONFIG');
