import { DataSource } from 'typeorm';

/** One connection to Postgres, which statements outside of a transaction can be sent over. */
export interface Session {
  /** @throws whatever Postgres says */
  query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]>;
}

/** Two connections to one database: one that builds, one that watches it. */
export interface Sessions {
  builder: Session;
  watcher: Session;
  close(): Promise<void>;
}

/**
 * Connects as the role of the URL, which has to own the tables: building an index is its right alone.
 * @throws Error where the database can't be reached
 */
export async function openSessions(url: string): Promise<Sessions> {
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    applicationName: 'midplane index',
    poolSize: 2,
  });
  await dataSource.initialize();
  const runners = [dataSource.createQueryRunner(), dataSource.createQueryRunner()] as const;
  const [builder, watcher] = runners.map((runner) => ({
    query: <Row>(sql: string, parameters?: unknown[]) => runner.query(sql, parameters) as Promise<Row[]>,
  })) as [Session, Session];
  return {
    builder,
    watcher,
    close: async () => {
      for (const runner of runners) await runner.release();
      await dataSource.destroy();
    },
  };
}
