import { ConfigError, configGroup, env, type ConfigOf } from '@midplane/kernel';
import { z } from 'zod';

/** The variables of the sessions service: the chat model that answers. */
export const sessionsConfig = configGroup('Chat model', {
  LLM_BASE_URL: {
    schema: env.url('http', 'https').optional(),
    description: 'OpenAI-compatible endpoint of the chat model, up to `/v1`.',
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
});

export type SessionsConfig = ConfigOf<typeof sessionsConfig>;

/** How a chat model is reached, and what it can take. */
export interface ChatModelOptions {
  baseUrl: string;
  apiKey?: string | undefined;
  model: string;
  contextTokens: number;
  maxTokens: number;
  firstTokenTimeoutMs: number;
  tokenTimeoutMs: number;
}

/**
 * @returns how to reach the chat model, or undefined where none is configured
 * @throws ConfigError where its parts don't fit together
 */
export function chatModelOptions(config: SessionsConfig): ChatModelOptions | undefined {
  if (!config.LLM_BASE_URL) return undefined;
  if (!config.LLM_MODEL) {
    throw new ConfigError('LLM_MODEL: LLM_BASE_URL is set, so name the model that it serves.');
  }
  if (config.LLM_MAX_TOKENS > config.LLM_CONTEXT_TOKENS / 2) {
    throw new ConfigError(
      'LLM_MAX_TOKENS: at most half of LLM_CONTEXT_TOKENS, so that passages fit in as well.',
    );
  }
  return {
    baseUrl: config.LLM_BASE_URL,
    apiKey: config.LLM_API_KEY,
    model: config.LLM_MODEL,
    contextTokens: config.LLM_CONTEXT_TOKENS,
    maxTokens: config.LLM_MAX_TOKENS,
    firstTokenTimeoutMs: config.LLM_FIRST_TOKEN_TIMEOUT_MS,
    tokenTimeoutMs: config.LLM_TOKEN_TIMEOUT_MS,
  };
}
