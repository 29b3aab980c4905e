import { deserialize, serialize } from 'node:v8';
import type { Locale, Problem } from '@midplane/contracts';
import type { Principal, SecretBox } from '@midplane/kernel';

/** Where what belongs to a call lies in Redis, apart from its job. */
export const inputKey = (id: string): string => `midplane-inference:input:${id}`;
export const outcomeKey = (id: string): string => `midplane-inference:outcome:${id}`;
/** Where a caller's process hears which of its calls are done. */
export const doneChannel = (caller: string): string => `midplane-inference:done:${caller}`;
/** Where workers hear which calls nobody waits for any more. */
export const CANCEL_CHANNEL = 'midplane-inference:cancelled';

/** How long either lies there at the most, in ms: callers renew what they wait for, and take their outcomes at once. */
export const KEPT_MS = 60_000;

/** What a job in BullMQ carries itself: nothing of a tenant. */
export interface CallJob {
  /** The process that waits. */
  caller: string;
}

/** What a worker is told. */
export interface CallRequest {
  context: { principal: Principal; traceId: string; locale: Locale; deadline?: number | undefined };
  input: unknown;
}

/** What comes of it. A fault is what the caller would log, a problem what its user reads. */
export type CallOutcome = { output: unknown } | { problem: Problem } | { fault: string };

/**
 * Seals what goes through Redis under a key made from the master key: Redis and its files see no tenant's text, and
 * nobody who only reaches Redis can speak for a tenant.
 */
export class Envelopes {
  constructor(private readonly box: SecretBox) {}

  /** Pictures and sounds (Blobs at the top of the input) travel as their bytes. */
  async request(id: string, { context, input }: CallRequest): Promise<Buffer> {
    return this.seal(inputKey(id), { context, input: await mapFields(input, blobToBytes) });
  }

  /** @throws Error where it was sealed under another master key */
  async openRequest(id: string, sealed: Buffer): Promise<CallRequest> {
    const { context, input } = this.open(inputKey(id), sealed) as CallRequest;
    return { context, input: await mapFields(input, bytesToBlob) };
  }

  outcome(id: string, outcome: CallOutcome): Buffer {
    return this.seal(outcomeKey(id), outcome);
  }

  /** @throws Error where it was sealed under another master key */
  openOutcome(id: string, sealed: Buffer): CallOutcome {
    return this.open(outcomeKey(id), sealed) as CallOutcome;
  }

  private seal(place: string, value: unknown): Buffer {
    return this.box.sealBytes(serialize(value), place);
  }

  /** Deserializing what somebody else wrote could do harm; what opens was sealed by a process of ours. */
  private open(place: string, sealed: Buffer): unknown {
    return deserialize(this.box.openBytes(sealed, place));
  }
}

async function mapFields(input: unknown, map: (value: unknown) => unknown): Promise<unknown> {
  if (typeof input !== 'object' || input === null) return input;
  const fields = Object.entries(input).map(async ([name, value]) => [name, await map(value)] as const);
  return Object.fromEntries(await Promise.all(fields));
}

const blobToBytes = async (value: unknown): Promise<unknown> =>
  value instanceof Blob ? new Uint8Array(await value.arrayBuffer()) : value;

const bytesToBlob = (value: unknown): unknown =>
  value instanceof Uint8Array ? new Blob([value as Uint8Array<ArrayBuffer>]) : value;
