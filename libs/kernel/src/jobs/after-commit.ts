import type { EntityManager, EntitySubscriberInterface, QueryRunner } from 'typeorm';

/** Calls back after the outermost transaction of a query runner was committed; never after a rollback. */
export class AfterCommit implements EntitySubscriberInterface {
  private readonly waiting = new WeakMap<QueryRunner, Set<string>>();

  /** @param committed gets each topic once per transaction */
  constructor(private readonly committed: (topic: string) => void) {}

  /** @throws Error outside of a transaction */
  register(manager: EntityManager, topic: string): void {
    const runner = manager.queryRunner;
    if (!runner?.isTransactionActive) throw new Error('A job is queued inside of a transaction only.');
    const topics = this.waiting.get(runner) ?? new Set();
    this.waiting.set(runner, topics.add(topic));
  }

  afterTransactionCommit({ queryRunner }: { queryRunner: QueryRunner }): void {
    if (queryRunner.isTransactionActive) return; // a savepoint
    const topics = this.waiting.get(queryRunner);
    this.waiting.delete(queryRunner);
    topics?.forEach(this.committed);
  }

  afterTransactionRollback({ queryRunner }: { queryRunner: QueryRunner }): void {
    if (!queryRunner.isTransactionActive) this.waiting.delete(queryRunner);
  }
}
