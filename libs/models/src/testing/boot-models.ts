import type { ChatEvent, ChatInput, ChatResult, RoutePlan } from '@midplane/contracts';
import { type Principal, readConfig, type ServiceClient } from '@midplane/kernel';
import {
  asPrincipal,
  createPrincipal,
  type TestModules,
  testModules,
  type TestModulesOptions,
} from '@midplane/testing';
import type { z } from 'zod';
import { Ledger } from '../ledger/ledger.js';
import { modelsConfig, ModelsModule } from '../index.js';

/** The models service on a database of the test's, with an administrator. */
export interface BootedModels {
  modules: TestModules;
  admin: Principal;
  models: ServiceClient<'models'>;
  /** Runs `work` as the administrator. */
  as<T>(work: () => T): T;
  /** The ledger's rows in the order of the calls, once all are written. */
  ledger(): Promise<LedgerRow[]>;
  close(): Promise<void>;
}

/** What tests read of a row. */
export interface LedgerRow {
  id: string;
  outcome: string;
  attempts: number;
  restarts: number;
  model: string | null;
  route: string | null;
  route_version: number | null;
  first_answered: boolean;
  canary: boolean;
  shadow_of: string | null;
  prompt_tokens: number;
  completion_tokens: number;
  usage_estimated: boolean;
  cost_micros: string;
  first_token_ms: number | null;
  cache: string;
  user_id: string;
  trace_id: string;
}

/** @param beside services that run in the same process, and their entities */
export async function bootModels(
  env: NodeJS.ProcessEnv = {},
  beside: Partial<TestModulesOptions> = {},
): Promise<BootedModels> {
  const modules = await testModules({
    entities: beside.entities ?? [],
    env,
    modules: (kernel) => [
      ModelsModule.forRoot(readConfig(env, modelsConfig)),
      ...(beside.modules?.(kernel) ?? []),
    ],
  });
  const admin = await createPrincipal(modules.kernel.database);
  return {
    modules,
    admin,
    models: modules.kernel.registry.client('models'),
    as: (work) => asPrincipal(admin, work),
    ledger: async () => {
      await modules.get(Ledger).flush();
      return modules.kernel.database.dataSource.query('select * from model_call order by id');
    },
    close: () => modules.close(),
  };
}

export interface TestModel {
  name?: string;
  apiKey?: string;
  kind?: 'openai' | 'anthropic';
  more?: Partial<Parameters<ServiceClient<'models'>['createModel']>[0]>;
}

let made = 0;

/** Makes a provider with one model behind it. @returns the model's id and name */
export async function addModel(
  { models }: Pick<BootedModels, 'models'>,
  baseUrl: string,
  { name = `model-${++made}`, apiKey = 'sk-test-0123456789', kind = 'openai', more = {} }: TestModel = {},
): Promise<{ id: string; name: string; providerId: string }> {
  const provider = await models.createProvider({ name: `of-${name}`, kind, baseUrl, apiKey });
  const { id } = await models.createModel({
    providerId: provider.id,
    name,
    upstreamName: `up-${name}`,
    // Patient enough for a busy machine.
    firstTokenTimeoutMs: 10_000,
    tokenTimeoutMs: 10_000,
    ...more,
  });
  return { id, name, providerId: provider.id };
}

/** Makes a route. @returns its id and name */
export async function addRoute(
  { models }: Pick<BootedModels, 'models'>,
  plan: z.input<typeof RoutePlan>,
  name = `route-${++made}`,
): Promise<{ id: string; name: string }> {
  const { id } = await models.createRoute({ name, plan });
  return { id, name };
}

export const HI: ChatInput['messages'] = [{ role: 'user', content: 'hi' }];

/** What a call gave: its events, and how it ended. */
export interface Asked {
  events: ChatEvent[];
  /** All text that came, also what was taken back. */
  text: string;
  result: ChatResult | undefined;
  error: unknown;
}

/** Asks and reads to the end, whichever it is. */
export async function ask(
  { models }: Pick<BootedModels, 'models'>,
  input: Partial<ChatInput>,
): Promise<Asked> {
  const events: ChatEvent[] = [];
  let error: unknown;
  try {
    for await (const event of await models.chat({ messages: HI, ...input })) events.push(event);
  } catch (thrown) {
    error = thrown;
  }
  const last = events.at(-1);
  return {
    events,
    text: events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join(''),
    result: last?.type === 'done' ? last.result : undefined,
    error,
  };
}
