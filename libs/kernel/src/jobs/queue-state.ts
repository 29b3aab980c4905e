import type { EntityManager } from 'typeorm';

/** How many of a tenant's jobs of one service wait, and how many a worker holds at this moment. */
export interface QueueState {
  service: string;
  waiting: number;
  running: number;
}

/** @returns the tenant's queues that are not empty, by service */
export function queueStates(manager: EntityManager): Promise<QueueState[]> {
  return manager.query<QueueState[]>(
    `select service, count(*) filter (where status = 'PENDING')::int as waiting,
            count(*) filter (where status = 'RUNNING')::int as running
     from job where status in ('PENDING', 'RUNNING') group by service order by service`,
  );
}
