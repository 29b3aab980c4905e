import { createHash } from 'node:crypto';
import type { RoutePlan, RouteTarget } from '@midplane/contracts';
import type { Catalog, Deployment } from '../catalog/catalog.js';

/** What the choice between targets goes by, besides the plan. */
export interface ChoiceInput {
  /** Names the route: the same user falls into different shares of different routes. */
  routeId: string;
  /** Who stays on the same canary. */
  user: string;
  /** Calls in flight, by deployment. */
  inFlight: (deploymentId: string) => number;
  /** What a call would cost there at most, in micro-units. */
  costOf: (deployment: Deployment) => number;
  /** 0 to 1, 1 excluded. */
  random: () => number;
}

export interface ChosenTargets {
  /** In the order in which they are asked: the chosen one, the other targets, the fallbacks. */
  order: Deployment[];
  /** Whether the first of them is the canary. */
  canary: boolean;
  /** Gets a copy of the call. */
  shadow: Deployment | undefined;
}

/** Decides which deployments a call goes to. */
export function chooseTargets(plan: RoutePlan, catalog: Catalog, input: ChoiceInput): ChosenTargets {
  const of = (target: RouteTarget) => ({ target, deployment: catalog.deployments.get(target.modelId) });
  const present = plan.targets.map(of).filter((each): each is Candidate => each.deployment !== undefined);
  const serving = present.filter(({ target }) => !target.shadow && target.weight > 0);
  const canary = serving.find(({ target }) => target.canary);
  const base = serving.filter(({ target }) => !target.canary);

  const total = serving.reduce((sum, { target }) => sum + target.weight, 0);
  const inCanary =
    canary !== undefined && shareOf(input, canary.deployment.id) < canary.target.weight / total;
  const fallbacks = plan.fallbacks.flatMap((id) => catalog.deployments.get(id) ?? []);
  const order = [
    ...(inCanary ? [canary.deployment] : []),
    ...ordered(base, plan.choice, input).map(({ deployment }) => deployment),
    ...fallbacks,
  ];
  const shadow = present.find(({ target }) => target.shadow && input.random() * 100 < target.weight);
  return { order: [...new Set(order)], canary: inCanary, shadow: shadow?.deployment };
}

interface Candidate {
  target: RouteTarget;
  deployment: Deployment;
}

/**
 * @returns where a user falls between 0 and 1, always the same for one route and canary. A share that grows takes in
 *   more users and lets go of none.
 */
function shareOf({ routeId, user }: ChoiceInput, canaryId: string): number {
  const hash = createHash('sha256').update(`${routeId}\n${canaryId}\n${user}`).digest();
  return hash.readUInt32BE(0) / 2 ** 32;
}

function ordered(candidates: Candidate[], choice: RoutePlan['choice'], input: ChoiceInput): Candidate[] {
  const drawn = drawByWeight(candidates, input.random);
  // Sorting is stable: those that are equal stay in the order that was drawn.
  if (choice === 'least-busy') {
    const load = ({ deployment, target }: Candidate) => (input.inFlight(deployment.id) + 1) / target.weight;
    return drawn.sort((a, b) => load(a) - load(b));
  }
  if (choice === 'cost') return drawn.sort((a, b) => input.costOf(a.deployment) - input.costOf(b.deployment));
  return drawn;
}

/** Draws one after the other, each with a chance of its weight's share of those left. */
function drawByWeight(candidates: Candidate[], random: () => number): Candidate[] {
  const left = [...candidates];
  const drawn: Candidate[] = [];
  while (left.length > 0) {
    let at = random() * left.reduce((sum, { target }) => sum + target.weight, 0);
    const index = left.findIndex(({ target }) => (at -= target.weight) < 0);
    drawn.push(...left.splice(Math.max(0, index), 1));
  }
  return drawn;
}
