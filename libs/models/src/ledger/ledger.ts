import { asError, Database, LOGGER, type Logger } from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { LIMIT_STORE, type LimitStore, type Settlement } from '../limit/limit-store.port.js';
import { paymentOf, spentOf } from '../limit/postgres.limit-store.js';
import type { CallRecord } from './call-record.js';
import { additionOf } from './ledger.repository.js';
import { countLost } from '../models.metrics.js';

/** How long a row waits for others to be written with, in ms. */
const GATHER_MS = 200;
const BATCH = 500;
/** Rows that wait at most while the database is away; the oldest go first. */
const MOST_WAITING = 50_000;
/** Wait before the next try while it is away, in ms. */
const RETRY_MS = 1_000;

interface Entry {
  record: CallRecord;
  settlement: Settlement | undefined;
}

/**
 * Writes every call down, with what it took of budgets in the same transaction. Rows are written a moment later and
 * many at once, so that no call waits for them; a process that is killed loses those of that moment.
 */
@Injectable()
export class Ledger {
  private waiting: Entry[] = [];
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | undefined;
  private closed = false;
  private readonly listeners: ((records: CallRecord[]) => void)[] = [];

  constructor(
    private readonly database: Database,
    @Inject(LIMIT_STORE) private readonly limits: LimitStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Writes a call down soon. Never throws. */
  add(record: CallRecord, settlement?: Settlement): void {
    this.waiting.push({ record, settlement });
    if (this.waiting.length > MOST_WAITING) {
      this.waiting.shift();
      countLost();
    }
    if (this.waiting.length >= BATCH) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), GATHER_MS);
  }

  /** Tells of calls that have been written. */
  onWritten(listener: (records: CallRecord[]) => void): void {
    this.listeners.push(listener);
  }

  /** Writes what waits. Never throws: what can't be written is tried again. */
  async flush(): Promise<void> {
    while (this.flushing) await this.flushing;
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.waiting.length === 0) return;
    this.flushing = this.write().finally(() => (this.flushing = undefined));
    await this.flushing;
  }

  /** Writes what waits, as the process ends. */
  async close(): Promise<void> {
    this.closed = true;
    await this.flush();
  }

  private async write(): Promise<void> {
    const entries = this.waiting;
    this.waiting = [];
    const tenants = Map.groupBy(entries, ({ record }) => record.tenantId);
    for (const [tenantId, ofTenant] of tenants) {
      for (let at = 0; at < ofTenant.length; at += BATCH) {
        const batch = ofTenant.slice(at, at + BATCH);
        try {
          await this.writeBatch(tenantId, batch);
        } catch (error) {
          this.logger.error(
            { err: asError(error), calls: batch.length },
            'the ledger of model calls is behind',
          );
          this.waiting.unshift(...batch);
        }
      }
    }
    if (this.waiting.length > 0 && !this.closed) this.timer ??= setTimeout(() => void this.flush(), RETRY_MS);
  }

  private async writeBatch(tenantId: string, batch: Entry[]): Promise<void> {
    const settlements = batch.flatMap(({ settlement }) => settlement ?? []);
    const records = batch.map(({ record }) => record);
    // First: what is learned from the transaction is then never behind what a store adds up by itself.
    if (settlements.length > 0) await this.limits.share(tenantId);
    // One round trip: each would delay the calls that this process serves meanwhile.
    const [, paid = []] = await this.database.batchOf(tenantId, [
      additionOf(records),
      ...(settlements.length > 0 ? [paymentOf(tenantId, settlements)] : []),
    ]);
    const spent = spentOf(paid);
    if (spent.length > 0) await this.limits.learn(tenantId, spent);
    for (const listener of this.listeners) listener(records);
  }
}
