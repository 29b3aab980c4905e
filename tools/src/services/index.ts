// Relative imports in this folder end in '.ts', so that Node runs it as it is, before anything is built.
export { findBrowser } from './browser.ts';
export { checkPostgres, startPostgres } from './postgres.ts';
export type { PostgresOptions, PostgresServer } from './postgres.ts';
export { startRedis } from './redis.ts';
export type { RedisServer } from './redis.ts';
export { findPostgres, servicesCache } from './postgres-engines.ts';
