export { type SessionsConfig, sessionsConfig } from './answer/chat/chat.config.js';
export { EXTRACTIVE_MODEL, EXTRACTIVE_VERSION } from './answer/extractive/extractive.answerer.js';
export { SESSIONS_ENTITIES, SessionsModule } from './sessions.module.js';
