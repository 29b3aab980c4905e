import { RoutePlan } from '@midplane/contracts';
import type { ModelsConfig } from '../models.config.js';
import { DEFAULT_ROUTE, type Deployment, type Route } from './catalog.js';

/** The model of LLM_BASE_URL has no row: its ids are fixed, and it can't be changed but in the environment. */
export const CONFIGURED_PROVIDER_ID = '00000000-0000-8000-8000-000000000001';
const CONFIGURED_MODEL_ID = '00000000-0000-8000-8000-000000000002';
export const CONFIGURED_ROUTE_ID = '00000000-0000-8000-8000-000000000003';
const CONNECT_TIMEOUT_MS = 10_000;

/** @returns the model that the environment names, and the route that leads to it; undefined where it names none */
export function configuredModel(config: ModelsConfig): { deployment: Deployment; route: Route } | undefined {
  if (!config.LLM_BASE_URL || !config.LLM_MODEL) return undefined;
  const deployment: Deployment = {
    id: CONFIGURED_MODEL_ID,
    name: config.LLM_MODEL,
    version: '1',
    provider: {
      id: CONFIGURED_PROVIDER_ID,
      name: 'environment',
      kind: 'openai',
      baseUrl: config.LLM_BASE_URL.replace(/\/+$/, ''),
      apiKey: config.LLM_API_KEY,
    },
    upstreamName: config.LLM_MODEL,
    supports: { tools: true, images: true, jsonSchema: true },
    contextTokens: config.LLM_CONTEXT_TOKENS,
    maxOutputTokens: config.LLM_MAX_TOKENS,
    promptPriceMicros: 0,
    completionPriceMicros: 0,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    firstTokenTimeoutMs: config.LLM_FIRST_TOKEN_TIMEOUT_MS,
    tokenTimeoutMs: config.LLM_TOKEN_TIMEOUT_MS,
  };
  const route: Route = {
    id: CONFIGURED_ROUTE_ID,
    name: DEFAULT_ROUTE,
    activeVersion: 1,
    previousVersion: null,
    activatedAt: new Date(0),
    versions: new Map([[1, RoutePlan.parse({ targets: [{ modelId: deployment.id }] })]]),
    pins: new Map(),
  };
  return { deployment, route };
}
