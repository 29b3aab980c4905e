export * from './factories.js';
export * from './services/database.js';
export * from './services/redis.js';
export * from './services/modules.js';
