import { z } from 'zod';

/** A picture: `url` is https://… or data:image/png;base64,… . */
export const ImagePart = z.object({
  type: z.literal('image'),
  url: z
    .string()
    .max(20_000_000)
    .regex(/^(https?:\/\/|data:image\/(png|jpeg|gif|webp);base64,)/, 'expected an https: or data:image/ URL'),
  detail: z.enum(['auto', 'low', 'high']).optional(),
});
export const TextPart = z.object({ type: z.literal('text'), text: z.string() });
export const ContentPart = z.discriminatedUnion('type', [TextPart, ImagePart]);
export type ContentPart = z.infer<typeof ContentPart>;

/** A call of a function that the model asks for; `arguments` is JSON as the model wrote it. */
export const ToolCallPart = z.object({ id: z.string(), name: z.string(), arguments: z.string() });
export type ToolCallPart = z.infer<typeof ToolCallPart>;

const Content = z.union([z.string(), z.array(ContentPart).min(1)]);

export const ChatMessage = z.discriminatedUnion('role', [
  z.object({ role: z.literal('system'), content: z.string() }),
  z.object({ role: z.literal('user'), content: Content }),
  z.object({
    role: z.literal('assistant'),
    content: z.string(),
    toolCalls: z.array(ToolCallPart).optional(),
  }),
  z.object({ role: z.literal('tool'), toolCallId: z.string(), content: z.string() }),
]);
export type ChatMessage = z.infer<typeof ChatMessage>;

/** A function that the model may ask for; `parameters` is a JSON schema. */
export const ChatTool = z.object({
  name: z.string().regex(/^[\w-]{1,64}$/, 'expected 1 to 64 letters, digits, _ or -'),
  description: z.string().optional(),
  parameters: z.record(z.string(), z.json()).optional(),
  strict: z.boolean().optional(),
});
export type ChatTool = z.infer<typeof ChatTool>;

export const ToolChoice = z.union([z.enum(['auto', 'none', 'required']), z.object({ name: z.string() })]);
export type ToolChoice = z.infer<typeof ToolChoice>;

export const ResponseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json') }),
  z.object({
    type: z.literal('schema'),
    name: z.string().max(64),
    schema: z.record(z.string(), z.json()),
    strict: z.boolean().optional(),
  }),
]);
export type ResponseFormat = z.infer<typeof ResponseFormat>;

/** Whether an answer may come from, and go into, the cache. `route`: as the route says. */
export const CacheUse = z.enum(['route', 'off']);

export const ChatInput = z.object({
  /** A route (`chat`, or `chat@3` for one version of it) or a model by its name; default: the tenant's default route. */
  model: z.string().max(200).optional(),
  messages: z.array(ChatMessage).min(1).max(2000),
  tools: z.array(ChatTool).max(128).optional(),
  toolChoice: ToolChoice.optional(),
  parallelToolCalls: z.boolean().optional(),
  responseFormat: ResponseFormat.optional(),
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().min(0).max(1).optional(),
  /** Longest answer in tokens; default and ceiling: that of the model. */
  maxTokens: z.int().min(1).max(10_000_000).optional(),
  stop: z.array(z.string()).max(4).optional(),
  seed: z.int().optional(),
  frequencyPenalty: z.number().min(-2).max(2).optional(),
  presencePenalty: z.number().min(-2).max(2).optional(),
  /** Who in the application asks: limits stay with the key, but the same `user` stays on the same canary. */
  user: z.string().max(200).optional(),
  /**
   * What becomes of a stream whose model dies after something of it was sent on. `fail`: it ends with
   * MODEL_UNAVAILABLE. `restart`: the next target begins anew, after an event `restarted` that takes back all before.
   */
  onInterruption: z.enum(['fail', 'restart']).default('fail'),
  /** Longest wait for the first token in ms; default: that of the model. */
  firstTokenTimeoutMs: z.int().min(1).optional(),
  cache: CacheUse.default('route'),
  /** Documents whose words stand in the messages: a cached answer goes with them, and to nobody who may not read them. */
  documentIds: z.array(z.uuid()).max(1000).default([]),
  /** For the ledger: what the call is made for. */
  agentId: z.uuid().optional(),
  knowledgeBaseIds: z.array(z.uuid()).max(50).default([]),
});
export type ChatInput = z.input<typeof ChatInput>;
export type ChatRequest = z.output<typeof ChatInput>;

/** Why an answer ended. `filtered`: its provider withheld it. */
export const FinishReason = z.enum(['stop', 'length', 'toolCalls', 'filtered']);
export type FinishReason = z.infer<typeof FinishReason>;

/** What a call took. `costMicros`: millionths of the currency that prices are kept in. */
export const ChatUsage = z.object({
  promptTokens: z.int().min(0),
  completionTokens: z.int().min(0),
  costMicros: z.int().min(0),
  /** True where the model did not count, and the numbers are our estimate. */
  estimated: z.boolean(),
});
export type ChatUsage = z.infer<typeof ChatUsage>;

export const CacheOutcome = z.enum(['off', 'miss', 'exact', 'semantic']);
export type CacheOutcome = z.infer<typeof CacheOutcome>;

/** Which model answers. */
export const Answering = z.object({
  /** Names the call in the ledger, and when it is rated. */
  callId: z.uuid(),
  model: z.string(),
  /** As the provider names exactly what ran, where it says so; else the version that was configured. */
  version: z.string(),
  provider: z.string(),
  route: z.string().nullable(),
  routeVersion: z.int().nullable(),
  canary: z.boolean(),
});
export type Answering = z.infer<typeof Answering>;

export const ChatResult = z.object({
  ...Answering.shape,
  text: z.string(),
  reasoning: z.string(),
  toolCalls: z.array(ToolCallPart),
  finish: FinishReason,
  usage: ChatUsage,
  cache: CacheOutcome,
  /** How often a target was tried anew or given up before this answer. */
  retries: z.int().min(0),
  /** Milliseconds of the call that were the upstream's; the rest was ours. */
  upstreamMs: z.number().min(0),
});
export type ChatResult = z.infer<typeof ChatResult>;

/**
 * A stream of an answer: `started` with the first sign of it, then pieces, then `done` with the whole of it. It ends
 * early only by a thrown problem. After `restarted` everything before it counts for nothing.
 */
export const ChatEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('started'), upstreamMs: z.number().min(0), ...Answering.shape }),
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('reasoning'), text: z.string() }),
  /** A piece of a tool call: id and name come with the first piece of each index. */
  z.object({
    type: z.literal('toolCall'),
    index: z.int().min(0),
    id: z.string().optional(),
    name: z.string().optional(),
    arguments: z.string(),
  }),
  z.object({ type: z.literal('restarted'), reason: z.string(), ...Answering.shape }),
  z.object({ type: z.literal('done'), result: ChatResult }),
]);
export type ChatEvent = z.infer<typeof ChatEvent>;
