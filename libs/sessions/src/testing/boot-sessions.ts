import type { AnswerEvent, AnswerView, AskInput } from '@midplane/contracts';
import { InferenceModule, inferenceConfig, inferenceOptions } from '@midplane/inference';
import { type Principal, readConfig } from '@midplane/kernel';
import { ingestConfig, IngestModule, KNOWLEDGE_ENTITIES, RetrievalModule } from '@midplane/knowledge';
import { modelsConfig, ModelsModule } from '@midplane/models';
import { asPrincipal, type TestModules, testModules } from '@midplane/testing';
import { SESSIONS_ENTITIES, SessionsModule } from '../index.js';

/** Boots sessions and all that it calls. @param env of the model, where one shall answer */
export function bootSessions(env: NodeJS.ProcessEnv = {}): Promise<TestModules> {
  const config = readConfig(env, inferenceConfig, ingestConfig, modelsConfig);
  return testModules({
    entities: [...KNOWLEDGE_ENTITIES, ...SESSIONS_ENTITIES],
    modules: (kernel) => [
      InferenceModule.forRoot(inferenceOptions({ ...config, ...kernel.config })),
      IngestModule.forRoot(config),
      RetrievalModule,
      ModelsModule.forRoot(config),
      SessionsModule,
    ],
  });
}

/** @returns every event of an answer */
export function eventsOf(modules: TestModules, who: Principal, ask: AskInput): Promise<AnswerEvent[]> {
  return asPrincipal(who, async () =>
    Array.fromAsync(await modules.kernel.registry.client('sessions').ask(ask)),
  );
}

/** @returns the text that was streamed */
export function textOf(events: AnswerEvent[]): string {
  return events.flatMap((event) => (event.type === 'token' ? [event.text] : [])).join('');
}

/** @returns the answer that the last event holds. @throws Error where the stream ended without it */
export function answerOf(events: AnswerEvent[]): AnswerView {
  const last = events.at(-1);
  if (last?.type !== 'done') throw new Error('The stream did not end with the answer.');
  return last.answer;
}
