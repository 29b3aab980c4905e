export {
  EXTRACTIVE_MODEL,
  EXTRACTIVE_VERSION,
  ExtractiveAnswerer,
} from './answer/extractive/extractive.answerer.js';
export { EXTRACTIVE_PARAMETERS } from './answer/extractive/parameters.js';
export type { AnswerSignals } from './answer/extractive/score.js';
export { numberPassages } from './answer/passage.js';
export { SESSIONS_ENTITIES, SessionsModule } from './sessions.module.js';
