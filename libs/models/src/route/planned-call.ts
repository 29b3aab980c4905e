import { type ChatRequest, RoutePlan } from '@midplane/contracts';
import { type Principal, UserError } from '@midplane/kernel';
import {
  type Catalog,
  DEFAULT_ROUTE,
  type Deployment,
  deploymentsNamed,
  namesOf,
  type Route,
} from '../catalog/catalog.js';
import type { Providers } from '../provider/providers.js';
import { chooseTargets, type ChosenTargets, type ChoiceInput } from './choose-targets.js';

/** What a name that an application asks for stands for. */
export interface Asked {
  /** As it was asked for, or the default route's name. */
  name: string;
  /** Null where a model was asked for by its own name. */
  route: Route | null;
  version: number | null;
  plan: RoutePlan;
}

/** A call whose targets are chosen. */
export interface PlannedCall extends Asked, ChosenTargets {}

/**
 * Finds what a name stands for: a route, `route@version`, a model, or `model@version`, in this order.
 * @param userId who may be pinned to a version
 * @returns undefined where nothing was named and there is no default route
 * @throws UserError MODEL_NOT_FOUND naming those that are there; ROUTE_VERSION_NOT_FOUND
 */
export function findAsked(catalog: Catalog, model: string | undefined, userId: string): Asked | undefined {
  const name = model ?? DEFAULT_ROUTE;
  const [, routeName = name, number] = /^(.*)@(\d{1,9})$/su.exec(name) ?? [];
  const route = catalog.routes.get(name) ?? catalog.routes.get(routeName);
  if (route) {
    const asked = catalog.routes.has(name) ? undefined : Number(number);
    const version = asked ?? route.pins.get(userId) ?? route.activeVersion;
    const plan = route.versions.get(version);
    if (!plan) throw new UserError('ROUTE_VERSION_NOT_FOUND', { version });
    return { name, route, version, plan };
  }
  const [deployment] = deploymentsNamed(catalog, name);
  if (deployment) {
    return {
      name,
      route: null,
      version: null,
      plan: RoutePlan.parse({ targets: [{ modelId: deployment.id }] }),
    };
  }
  if (model === undefined) return undefined;
  throw new UserError('MODEL_NOT_FOUND', { model: name, available: namesOf(catalog).join(', ') || '–' });
}

/**
 * Chooses the targets of a call, of those that can do what it asks.
 * @throws UserError as {@link findAsked}; MODEL_NOT_FOUND where there is no default route; MODEL_LACKS where none can
 */
export function planCall(
  catalog: Catalog,
  request: ChatRequest,
  principal: Principal,
  providers: Providers,
  input: Pick<ChoiceInput, 'inFlight' | 'costOf' | 'random'>,
): PlannedCall {
  const asked = findAsked(catalog, request.model, principal.userId);
  if (!asked) {
    const available = namesOf(catalog).join(', ') || '–';
    throw new UserError('MODEL_NOT_FOUND', { model: DEFAULT_ROUTE, available });
  }
  const chosen = chooseTargets(asked.plan, catalog, {
    ...input,
    routeId: asked.route?.id ?? '',
    user: request.user ?? principal.userId,
  });
  const lacks = chosen.order.map((deployment) => lackOf(request, deployment, providers));
  const order = chosen.order.filter((_, i) => !lacks[i]);
  if (order.length === 0) {
    const [lack] = lacks;
    if (lack) throw new UserError('MODEL_LACKS', { model: asked.name, ...lack });
    throw new UserError('MODEL_NOT_FOUND', { model: asked.name, available: namesOf(catalog).join(', ') });
  }
  const { shadow } = chosen;
  return {
    ...asked,
    order,
    canary: chosen.canary && order[0] === chosen.order[0],
    shadow: shadow && !lackOf(request, shadow, providers) ? shadow : undefined,
  };
}

function lackOf(
  request: ChatRequest,
  { supports, provider }: Deployment,
  providers: Providers,
): { field: string; feature: string } | undefined {
  if (!supports.tools && request.tools?.length) return { field: 'tools', feature: 'tools' };
  if (!supports.jsonSchema && request.responseFormat?.type === 'schema') {
    return { field: 'responseFormat', feature: 'JSON schema' };
  }
  if (!supports.images) {
    const at = request.messages.findIndex(
      ({ content }) => typeof content !== 'string' && content.some(({ type }) => type === 'image'),
    );
    if (at >= 0) return { field: `messages.${at}.content`, feature: 'images' };
  }
  return providers.of(provider.kind).lacks(request);
}
