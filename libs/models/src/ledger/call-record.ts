import type { CacheOutcome } from '@midplane/contracts';
import type { RequestContext } from '@midplane/kernel';

/** A row of the ledger: one call, whichever way it ended. It holds no word of what was asked or answered. */
export interface CallRecord {
  id: string;
  tenantId: string;
  at: Date;
  userId: string;
  apiKeyId: string | null;
  traceId: string;
  kind: 'CHAT' | 'EMBEDDING' | 'RERANK' | 'TRANSCRIBE';
  /** As the application named it; '' for the default route. */
  askedFor: string;
  routeId: string | null;
  route: string | null;
  routeVersion: number | null;
  /** Who was chosen first, and whether they gave the answer: what a canary is judged by. */
  firstDeploymentId: string | null;
  firstAnswered: boolean;
  canary: boolean;
  /** The call that this one is a copy of. */
  shadowOf: string | null;
  /** Who answered, or was asked last. */
  deploymentId: string | null;
  model: string | null;
  modelVersion: string | null;
  provider: string | null;
  /** `ok`, `cancelled`, or the code of the problem with the reason where there is one. */
  outcome: string;
  cache: CacheOutcome;
  promptTokens: number;
  completionTokens: number;
  usageEstimated: boolean;
  /** Of all attempts together. */
  costMicros: number;
  firstTokenMs: number | null;
  totalMs: number;
  overheadMs: number;
  /** Requests to models. */
  attempts: number;
  /** How often an answer that had begun was begun anew. */
  restarts: number;
  agentId: string | null;
  knowledgeBaseIds: string[];
}

/** @returns what a row says of who calls, and when: now */
export function callerOf({
  principal,
  traceId,
}: RequestContext): Pick<CallRecord, 'tenantId' | 'at' | 'userId' | 'apiKeyId' | 'traceId'> {
  const { tenantId, userId, apiKeyId = null } = principal;
  return { tenantId, at: new Date(), userId, apiKeyId, traceId };
}
