import { Foundation20261121000000 } from './20261121000000-foundation.js';
import { TokenStates20261122000000 } from './20261122000000-token-states.js';
import { Models20261122031500 } from './20261122031500-models.js';
import { Ranking20261122043000 } from './20261122043000-ranking.js';
import { Scripts20261122062000 } from './20261122062000-scripts.js';
import { AnswerSettings20261122070000 } from './20261122070000-answer-settings.js';
import { Width20261122121500 } from './20261122121500-width.js';
import { VectorCodes20261122160500 } from './20261122160500-vector-codes.js';
import { TenantOnce20261122195000 } from './20261122195000-tenant-once.js';
import { TitleWords20261122200000 } from './20261122200000-title-words.js';
import { CodesByScript20261122203000 } from './20261122203000-codes-by-script.js';
import { WordCodes20261123000000 } from './20261123000000-word-codes.js';
import { LedgerByPolicy20261123180000 } from './20261123180000-ledger-by-policy.js';

/** Every migration, oldest first. A new one is added at the end; one that has been released is never changed. */
export const MIGRATIONS = [
  Foundation20261121000000,
  TokenStates20261122000000,
  Models20261122031500,
  Ranking20261122043000,
  Scripts20261122062000,
  AnswerSettings20261122070000,
  Width20261122121500,
  VectorCodes20261122160500,
  TenantOnce20261122195000,
  TitleWords20261122200000,
  CodesByScript20261122203000,
  WordCodes20261123000000,
  LedgerByPolicy20261123180000,
];
