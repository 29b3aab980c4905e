export * from './documents/index.js';
export * from './factories.js';
export * from './services/database.js';
export * from './services/redis.js';
export * from './services/modules.js';
export * from './processes/source-process.js';
export * from './services/knowledge.js';
