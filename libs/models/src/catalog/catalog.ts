import type { LimitScope, ModelSupports, ProviderKind, RoutePlan } from '@midplane/contracts';

/** A deployment of one version of a chat model, with all that a call needs. */
export interface Deployment {
  id: string;
  name: string;
  version: string;
  provider: { id: string; name: string; kind: ProviderKind; baseUrl: string; apiKey: string | undefined };
  upstreamName: string;
  supports: ModelSupports;
  contextTokens: number;
  maxOutputTokens: number;
  /** Micro-units for a million tokens. */
  promptPriceMicros: number;
  completionPriceMicros: number;
  connectTimeoutMs: number;
  firstTokenTimeoutMs: number;
  tokenTimeoutMs: number;
}

export interface Route {
  id: string;
  name: string;
  activeVersion: number;
  previousVersion: number | null;
  /** Since when the active version serves. */
  activatedAt: Date;
  versions: Map<number, RoutePlan>;
  /** Versions that users are kept on, by their id. */
  pins: Map<string, number>;
}

export interface Limit {
  id: string;
  scope: LimitScope;
  subject: string;
  requestsPerMinute: number | null;
  tokensPerMinute: number | null;
  budgetMicros: number | null;
  budgetPeriod: 'day' | 'month' | 'total';
}

/** What a tenant has of models, routes and limits at one moment. */
export interface Catalog {
  deployments: Map<string, Deployment>;
  routes: Map<string, Route>;
  limits: Limit[];
}

/** Name of the route that serves where no model is asked for. */
export const DEFAULT_ROUTE = 'default';

/** @returns the deployments of a name, or of `name@version`; the newest first */
export function deploymentsNamed(catalog: Catalog, name: string): Deployment[] {
  return [...catalog.deployments.values()]
    .filter((each) => each.name === name || `${each.name}@${each.version}` === name)
    .reverse();
}

/** @returns the names that an application can ask for, routes first */
export function namesOf(catalog: Catalog): string[] {
  const models = [...catalog.deployments.values()].map(({ name }) => name);
  return [...new Set([...catalog.routes.keys(), ...models])];
}
