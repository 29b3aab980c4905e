import { ConfigError, configGroup, env, type ConfigOf } from '@midplane/kernel';
import { z } from 'zod';

/** The variables of the models service: the first chat model, and what the ledger and the cache keep. */
export const modelsConfig = configGroup('Models', {
  LLM_BASE_URL: {
    schema: env.url('http', 'https').optional(),
    description:
      'OpenAI-compatible endpoint of the first chat model, up to `/v1`: the route `default` of every tenant that has none of its own.',
    defaultText: 'none: the built-in extractive answerer',
  },
  LLM_API_KEY: { schema: z.string().optional(), description: 'Key of that endpoint.', secret: true },
  LLM_MODEL: {
    schema: z.string().optional(),
    description: 'Name of the model there. Needed with LLM_BASE_URL.',
  },
  LLM_CONTEXT_TOKENS: {
    schema: env.integer(8192, 1024, 2_000_000),
    description: 'Tokens that the model takes, prompt and answer together.',
    defaultText: '8192',
  },
  LLM_MAX_TOKENS: {
    schema: env.integer(1024, 16, 100_000),
    description: 'Longest answer in tokens.',
    defaultText: '1024',
  },
  LLM_FIRST_TOKEN_TIMEOUT_MS: {
    schema: env.integer(60_000, 100, 3_600_000),
    description: 'Longest wait for the first token, in milliseconds.',
    defaultText: '60000',
  },
  LLM_TOKEN_TIMEOUT_MS: {
    schema: env.integer(20_000, 100, 3_600_000),
    description: 'Longest wait between two tokens, in milliseconds.',
    defaultText: '20000',
  },
  MODEL_HOSTS: {
    schema: z
      .string()
      .default('')
      .transform((text) => text.split(',').map((entry) => entry.trim()))
      .transform((entries) => entries.filter((entry) => entry !== '')),
    description:
      'Hosts that models may be at, separated by commas: names, `*.` and a domain, addresses, networks such as `10.1.0.0/16`. That of LLM_BASE_URL always may. Link-local and metadata addresses never may, but where they are listed.',
    defaultText: 'all',
  },
  MODEL_LEDGER_MONTHS: {
    schema: env.integer(13, 1, 1200),
    description: 'Months for which the ledger of model calls is kept, the running one included.',
    defaultText: '13',
  },
  MODEL_CACHE_ENTRIES: {
    schema: env.integer(10_000, 0, 10_000_000),
    description: 'Answers that are cached for each tenant at most, where a route caches.',
    defaultText: '10000',
  },
});

export type ModelsConfig = ConfigOf<typeof modelsConfig>;

/** Injection token of {@link ModelsConfig}. */
export const MODELS_CONFIG = Symbol('MODELS_CONFIG');

/** @throws ConfigError where the chat model's variables don't fit together */
export function checkModelsConfig(config: ModelsConfig): void {
  if (!config.LLM_BASE_URL) return;
  if (!config.LLM_MODEL) {
    throw new ConfigError('LLM_MODEL: LLM_BASE_URL is set, so name the model that it serves.');
  }
  if (config.LLM_MAX_TOKENS > config.LLM_CONTEXT_TOKENS / 2) {
    throw new ConfigError(
      'LLM_MAX_TOKENS: at most half of LLM_CONTEXT_TOKENS, so that a prompt fits in as well.',
    );
  }
}
