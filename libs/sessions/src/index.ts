export { EXTRACTIVE_VERSION } from './answer/extractive/extractive.answerer.js';
export { judge, type Judgement } from './answer/extractive/judge.js';
export { EXTRACTIVE_PARAMETERS } from './answer/extractive/parameters.js';
export { ANSWER_FEATURES, type AnswerSignals, signalsOf } from './answer/extractive/answer-signals.js';
export { choose } from './answer/extractive/choose.js';
export { ANSWERER_MODEL, AnswererModel, answerProbability, rank } from './answer/extractive/model.js';
export {
  describe,
  type DescribedCandidate,
  type Features,
  SENTENCE_FEATURES,
} from './answer/extractive/sentence-features.js';
export { numberPassages, type Passage } from './answer/passage.js';
export { RuleCompleter } from './follow-up/rule.completer.js';
export { mergeHits } from './question/merge-hits.js';
export { partsOf } from './question/parts.js';
export { SESSIONS_ENTITIES, SessionsModule } from './sessions.module.js';
