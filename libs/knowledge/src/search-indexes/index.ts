export { BuildFailed, buildIndex, type BuildOptions, BuildRunning } from './build.js';
export { HNSW_BUILD, SEARCH_INDEXES, type SearchIndex } from './definitions.js';
export { type IndexNeed, inspectIndexes, type IndexState } from './inspect.js';
export type { BuildProgress } from './progress.js';
export { openSessions, type Session, type Sessions } from './sessions.js';
