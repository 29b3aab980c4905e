import { eventIterator, oc } from '@orpc/contract';
import { z } from 'zod';
import { Id } from '../ids.js';
import { ChatEvent, ChatInput, ChatResult } from './chat.model.js';
import { MAX_RERANK_TEXTS, TranscribeInput, Transcript } from './inference.contract.js';

/** What reranks where no reranker is configured: the tokens of the embedder that ships. */
export const LATE_INTERACTION_MODEL = 'midplane-late-interaction';

export const ModelKind = z.enum(['CHAT', 'EMBEDDING', 'RERANK', 'TRANSCRIBE', 'OCR', 'MODERATION']);
export type ModelKind = z.infer<typeof ModelKind>;

/** DEGRADED: it failed of late; DOWN: it is left alone for a while. As this process of the service sees it. */
export const ModelHealth = z.enum(['UP', 'DEGRADED', 'DOWN']);
export type ModelHealth = z.infer<typeof ModelHealth>;

/** Which protocol a provider speaks. */
export const ProviderKind = z.enum(['openai', 'anthropic']);
export type ProviderKind = z.infer<typeof ProviderKind>;

/** Names stand in requests and metrics: letters of any script, digits and . _ : / - (but no @, which asks for a version). */
export const ModelName = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}._:/-]{0,99}$/u, 'expected 1 to 100 letters, digits or . _ : / -');

const HttpUrl = z
  .string()
  .max(500)
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
    message: 'expected a URL that begins with https:// or http://',
  });

/** An endpoint with its key. The key goes in and never comes out: `keyHint` is its last four characters. */
export const ProviderView = z.object({
  id: Id,
  name: z.string(),
  kind: ProviderKind,
  baseUrl: z.string(),
  keyHint: z.string().nullable(),
  /** False for the one of LLM_BASE_URL, which is changed in the environment. */
  editable: z.boolean(),
});
export type ProviderView = z.infer<typeof ProviderView>;

export const ProviderInput = z.object({
  name: ModelName,
  kind: ProviderKind,
  /** Up to `/v1`. */
  baseUrl: HttpUrl,
  apiKey: z.string().min(1).max(4000).optional(),
});

/** What a model can be asked for beyond text. */
export const ModelSupports = z.object({
  tools: z.boolean().default(true),
  images: z.boolean().default(false),
  jsonSchema: z.boolean().default(true),
});
export type ModelSupports = z.infer<typeof ModelSupports>;

const price = z.int().min(0).max(1_000_000_000_000);

/** A deployment of one version of a chat model behind one provider. */
export const ModelInput = z.object({
  providerId: Id,
  name: ModelName,
  version: z.string().min(1).max(100).default('1'),
  /** What the provider calls it. */
  upstreamName: z.string().min(1).max(200),
  supports: ModelSupports.prefault({}),
  /** Tokens that it takes, prompt and answer together. */
  contextTokens: z.int().min(256).max(100_000_000).default(8192),
  /** Longest answer in tokens: asked for where a call names none, and what a budget reserves. */
  maxOutputTokens: z.int().min(1).max(10_000_000).default(1024),
  /** Price of a million tokens, in millionths of the currency. */
  promptPriceMicros: price.default(0),
  completionPriceMicros: price.default(0),
  connectTimeoutMs: z.int().min(1).max(600_000).default(10_000),
  firstTokenTimeoutMs: z.int().min(1).max(3_600_000).default(60_000),
  tokenTimeoutMs: z.int().min(1).max(3_600_000).default(20_000),
});

export const ModelView = z.object({
  id: Id,
  name: z.string(),
  version: z.string(),
  kind: ModelKind,
  provider: z.string(),
  health: ModelHealth,
  supports: ModelSupports,
  contextTokens: z.int().nullable(),
  maxOutputTokens: z.int().nullable(),
  promptPriceMicros: z.int(),
  completionPriceMicros: z.int(),
});
export type ModelView = z.infer<typeof ModelView>;

/**
 * Where a route's calls go. Weights are shares of their sum. A canary gets the users that fall into its share, always
 * the same ones. A shadow gets a copy of the share of calls, and nobody sees its answer.
 */
export const RouteTarget = z
  .object({
    modelId: Id,
    weight: z.int().min(0).max(1_000_000).default(100),
    canary: z.boolean().default(false),
    shadow: z.boolean().default(false),
  })
  .refine((target) => !(target.canary && target.shadow), { message: 'expected canary or shadow, not both' });
export type RouteTarget = z.infer<typeof RouteTarget>;

/** How one of several targets is chosen: by weight, the one with the fewest calls in flight, or the cheapest. */
export const RouteChoice = z.enum(['weight', 'least-busy', 'cost']);
export type RouteChoice = z.infer<typeof RouteChoice>;

/** By how much a canary may be worse than its base before it is rolled back. */
export const CanaryGuard = z.object({
  /** Calls of the canary before it is judged. */
  minCalls: z.int().min(1).max(1_000_000).default(50),
  /** Share of failed calls above that of the base: .05 means 5 points. */
  errorMargin: z.number().min(0).max(1).default(0.05),
  /** Median time over that of the base: 1.5 means half as long again. */
  timeRatio: z.number().min(1).max(100).default(1.5),
  /** Mean score (0–1) below that of the base. */
  scoreMargin: z.number().min(0).max(1).default(0.05),
});
export type CanaryGuard = z.infer<typeof CanaryGuard>;

export const RouteCache = z.object({
  mode: z.enum(['off', 'exact', 'semantic']).default('off'),
  seconds: z.int().min(1).max(31_536_000).default(3600),
  /** Least cosine between two questions for a semantic hit. */
  minCosine: z.number().min(0).max(1).default(0.95),
});
export type RouteCache = z.infer<typeof RouteCache>;

/** What one version of a route does. */
export const RoutePlan = z
  .object({
    targets: z.array(RouteTarget).min(1).max(50),
    /** Models that are asked in this order when no target answers. */
    fallbacks: z.array(Id).max(20).default([]),
    choice: RouteChoice.default('weight'),
    guard: CanaryGuard.prefault({}),
    cache: RouteCache.prefault({}),
    /** Of an answer from documents only the sentences that these support are shown. */
    strict: z.boolean().default(false),
  })
  .refine((plan) => plan.targets.some(({ canary, shadow, weight }) => !canary && !shadow && weight > 0), {
    path: ['targets'],
    message: 'expected at least one target with a weight that is neither canary nor shadow',
  })
  .refine((plan) => plan.targets.filter(({ canary }) => canary).length <= 1, {
    path: ['targets'],
    message: 'expected at most one canary',
  });
export type RoutePlan = z.infer<typeof RoutePlan>;

export const RouteVersionView = z.object({
  number: z.int().min(1),
  plan: RoutePlan,
  note: z.string(),
  createdAt: z.date(),
});
export type RouteVersionView = z.infer<typeof RouteVersionView>;

export const RouteView = z.object({
  id: Id,
  name: z.string(),
  kind: ModelKind,
  /** The version that serves. */
  activeVersion: z.int(),
  /** The one that served before it, which a rollback goes to; null where there is none. */
  previousVersion: z.int().nullable(),
  plan: RoutePlan,
  /** False for the one of LLM_BASE_URL. */
  editable: z.boolean(),
});
export type RouteView = z.infer<typeof RouteView>;

/** What limits are set on. */
export const LimitScope = z.enum(['tenant', 'user', 'key', 'route']);
export type LimitScope = z.infer<typeof LimitScope>;

const perMinute = z.int().min(1).max(1_000_000_000).nullable().default(null);

export const LimitInput = z.object({
  scope: LimitScope,
  /** Id of the user or the key, or name of the route; for the tenant nothing. A user's, key's or route's `*` is for each. */
  subject: z.string().max(100).default(''),
  requestsPerMinute: perMinute,
  tokensPerMinute: perMinute,
  /** Money for each period, in millionths of the currency. */
  budgetMicros: z.int().min(0).nullable().default(null),
  /** In UTC. */
  budgetPeriod: z.enum(['day', 'month', 'total']).default('month'),
});
export type LimitInput = z.output<typeof LimitInput>;

export const LimitView = z.object({
  id: Id,
  ...LimitInput.shape,
  requestsPerMinute: z.int().nullable(),
  tokensPerMinute: z.int().nullable(),
  budgetMicros: z.int().nullable(),
  /** Spent in the running period; for `*`: of all that it is for. */
  spentMicros: z.int(),
});
export type LimitView = z.infer<typeof LimitView>;

export const UsageGroup = z.enum(['DAY', 'USER', 'API_KEY', 'MODEL', 'ROUTE', 'AGENT', 'KNOWLEDGE_BASE']);
export type UsageGroup = z.infer<typeof UsageGroup>;

export const UsageRow = z.object({
  key: z.string(),
  calls: z.int(),
  promptTokens: z.int(),
  completionTokens: z.int(),
  costMicros: z.int(),
  cacheHits: z.int(),
  p50Ms: z.number(),
  p95Ms: z.number(),
  errors: z.int(),
});
export type UsageRow = z.infer<typeof UsageRow>;

/** A chat model as an application is told of it. */
export const ResolvedModel = z.object({
  /** As it was asked for; the default route's own name where nothing was. */
  name: z.string(),
  contextTokens: z.int(),
  maxOutputTokens: z.int(),
  /** Whether of an answer from documents only the sentences that these support are shown. */
  strict: z.boolean(),
});
export type ResolvedModel = z.infer<typeof ResolvedModel>;

/** Many models behind one interface. What people write is neither logged nor kept, but where a route caches. */
export const modelsContract = {
  /**
   * Throws MODEL_NOT_FOUND, MODEL_LACKS, MODEL_UNAVAILABLE (also in the middle of the stream), MODEL_RATE_LIMITED,
   * MODEL_BUDGET_SPENT, FORBIDDEN. Ending the iteration cancels the model.
   */
  chat: oc.input(ChatInput).output(eventIterator(ChatEvent)),
  /** The whole answer at once. Throws as `chat`; whatever dies in the middle is begun anew by the next target. */
  complete: oc.input(ChatInput).output(ChatResult),
  /** What a name stands for, or null where no chat model is configured and none was named. Throws MODEL_NOT_FOUND. */
  resolve: oc.input(z.object({ model: z.string().optional() })).output(ResolvedModel.nullable()),
  /** Vectors of texts, as base64 of little-endian 32-bit floats. Throws MODEL_NOT_FOUND, MODEL_UNAVAILABLE, limits. */
  embed: oc
    .input(
      z.object({
        model: z.string().max(200).optional(),
        texts: z.array(z.string()).min(1).max(256),
        role: z.enum(['query', 'passage']).default('passage'),
      }),
    )
    .output(
      z.object({
        model: z.string(),
        version: z.string(),
        vectors: z.array(z.string()),
        promptTokens: z.int(),
        upstreamMs: z.number(),
      }),
    ),
  /**
   * Scores of the texts, in their order: how well each answers the query, 0 to 1. Where no model is named the configured
   * one scores, else `LATE_INTERACTION_MODEL`. Throws MODEL_NOT_FOUND, MODEL_UNAVAILABLE, MODEL_OVERLOADED, limits.
   */
  rerank: oc
    .input(
      z.object({
        model: z.string().max(200).optional(),
        query: z.string(),
        texts: z.array(z.string()).min(1).max(MAX_RERANK_TEXTS),
      }),
    )
    .output(
      z.object({
        model: z.string(),
        version: z.string(),
        scores: z.array(z.number().min(0).max(1)),
        /** Counted on the high side: rerankers don't say. */
        promptTokens: z.int(),
        upstreamMs: z.number(),
      }),
    ),
  /** What is spoken. Throws as the inference contract's, and limits. */
  transcribe: oc
    .input(TranscribeInput)
    .output(Transcript.extend({ model: z.string(), version: z.string(), upstreamMs: z.number() })),
  models: oc.input(z.object({ kind: ModelKind.optional() })).output(z.array(ModelView)),
  routes: oc.output(z.array(RouteView)),

  providers: oc.output(z.array(ProviderView)),
  /** Throws PROVIDER_NAME_TAKEN, FORBIDDEN. */
  createProvider: oc.input(ProviderInput).output(ProviderView),
  /** What is left out stays. Throws PROVIDER_NOT_FOUND, PROVIDER_NAME_TAKEN, FORBIDDEN. */
  updateProvider: oc
    .input(z.object({ id: Id, ...ProviderInput.omit({ kind: true }).partial().shape }))
    .output(ProviderView),
  /** Throws PROVIDER_NOT_FOUND, PROVIDER_IN_USE, FORBIDDEN. */
  deleteProvider: oc.input(z.object({ id: Id })).output(z.object({ id: Id })),
  /** Throws PROVIDER_NOT_FOUND, MODEL_NAME_TAKEN, FORBIDDEN. */
  createModel: oc.input(ModelInput).output(ModelView),
  /** Throws MODEL_NOT_FOUND, MODEL_IN_USE, FORBIDDEN. */
  deleteModel: oc.input(z.object({ id: Id })).output(z.object({ id: Id })),

  /** Makes a route whose version 1 serves. Throws ROUTE_NAME_TAKEN, MODEL_NOT_FOUND, FORBIDDEN. */
  createRoute: oc
    .input(z.object({ name: ModelName, plan: RoutePlan, note: z.string().max(500).default('') }))
    .output(RouteView),
  /** Adds a version that serves nobody yet but who asks for `name@number`, or is pinned to it. */
  addRouteVersion: oc
    .input(z.object({ routeId: Id, plan: RoutePlan, note: z.string().max(500).default('') }))
    .output(RouteVersionView),
  routeVersions: oc.input(z.object({ routeId: Id })).output(z.array(RouteVersionView)),
  /** Lets a version serve. Throws ROUTE_NOT_FOUND, ROUTE_VERSION_NOT_FOUND. */
  promoteRoute: oc.input(z.object({ routeId: Id, version: z.int().min(1) })).output(RouteView),
  /** Lets the version before serve again. Throws ROUTE_NOT_FOUND, ROUTE_VERSION_NOT_FOUND. */
  rollBackRoute: oc.input(z.object({ routeId: Id })).output(RouteView),
  /** Keeps a user on one version, whatever serves the others; null lets go. */
  pinRoute: oc
    .input(z.object({ routeId: Id, userId: Id, version: z.int().min(1).nullable() }))
    .output(z.object({ routeId: Id })),
  deleteRoute: oc.input(z.object({ id: Id })).output(z.object({ id: Id })),

  limits: oc.output(z.array(LimitView)),
  /** Sets the limit of a subject, in the place of the one that it has. */
  setLimit: oc.input(LimitInput).output(LimitView),
  deleteLimit: oc.input(z.object({ id: Id })).output(z.object({ id: Id })),

  /** The ledger, summed up. Times are of calls that were answered. */
  usage: oc.input(z.object({ from: z.date(), to: z.date(), groupBy: UsageGroup })).output(z.array(UsageRow)),
  /** How good an answer was, 0 to 1: by a person or an evaluation. A canary is judged by it. */
  scoreCall: oc
    .input(z.object({ callId: Id, score: z.number().min(0).max(1) }))
    .output(z.object({ found: z.boolean() })),
  /** Erases cached answers that hold words of these documents. Throws FORBIDDEN. */
  eraseCached: oc
    .input(z.object({ documentIds: z.array(Id).min(1).max(1000) }))
    .output(z.object({ erased: z.int(), left: z.int() })),
};
