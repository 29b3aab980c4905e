import type { ChatRequest } from '@midplane/contracts';
import { newId, type RequestContext } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import type { Deployment } from '../catalog/catalog.js';
import { Ledger } from '../ledger/ledger.js';
import { Providers } from '../provider/providers.js';
import type { PlannedCall } from '../route/planned-call.js';
import { ChatCall } from './chat-call.js';
import { DeploymentStates } from './deployment-states.js';

/** Copies that run at once in this process; what comes beyond gets none. */
const MOST_RUNNING = 32;

interface Original {
  id: string;
  request: ChatRequest;
  plan: PlannedCall;
  promptTokens: number;
  context: RequestContext;
}

/** Sends copies of calls to shadows. Nobody waits for them or sees what they answer; the ledger keeps how they did. */
@Injectable()
export class Shadows {
  private readonly closing = new AbortController();
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly providers: Providers,
    private readonly states: DeploymentStates,
    private readonly ledger: Ledger,
  ) {}

  /** Copies a call. It is charged to no limit: the tenant's administrators chose it, and see its cost in the ledger. */
  copy({ id, request, plan, promptTokens, context }: Original, shadow: Deployment): void {
    if (this.running.size >= MOST_RUNNING) return;
    const call = new ChatCall({
      id: newId(),
      shadowOf: id,
      request: { ...request, onInterruption: 'fail' },
      plan: { ...plan, order: [shadow], canary: false },
      promptTokens,
      context,
      signal: this.closing.signal,
      providers: this.providers,
      states: this.states,
    });
    const running = this.finish(call).finally(() => this.running.delete(running));
    this.running.add(running);
  }

  /** Ends the copies that run. */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all(this.running);
  }

  private async finish(call: ChatCall): Promise<void> {
    const events = call.events();
    try {
      while (!(await events.next()).done);
    } catch {
      // The record tells.
    }
    this.ledger.add(call.record());
  }
}
