import { CircuitBreaker } from '@midplane/kernel';

/** After five failures in a row a deployment is left alone for 15 s. */
const BREAKER = { failures: 5, restMs: 15_000 };

interface State {
  breaker: CircuitBreaker;
  inFlight: number;
}

/** What this process knows of each deployment from calling it. */
export class DeploymentStates {
  private readonly states = new Map<string, State>();

  breaker(deploymentId: string): CircuitBreaker {
    return this.state(deploymentId).breaker;
  }

  inFlight(deploymentId: string): number {
    return this.states.get(deploymentId)?.inFlight ?? 0;
  }

  /** Counts a call in. @returns counts it out */
  enter(deploymentId: string): () => void {
    const state = this.state(deploymentId);
    state.inFlight++;
    return () => void state.inFlight--;
  }

  /** Calls in flight, by deployment. */
  all(): { deploymentId: string; inFlight: number }[] {
    return [...this.states].map(([deploymentId, { inFlight }]) => ({ deploymentId, inFlight }));
  }

  private state(deploymentId: string): State {
    let state = this.states.get(deploymentId);
    if (!state)
      this.states.set(deploymentId, (state = { breaker: new CircuitBreaker(BREAKER), inFlight: 0 }));
    return state;
  }
}
