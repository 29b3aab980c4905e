import type { ChatRequest, FinishReason } from '@midplane/contracts';

/** Where a provider is, and how it lets us in. */
export interface Endpoint {
  /** Up to `/v1`, without a slash at its end. */
  baseUrl: string;
  apiKey: string | undefined;
  connectTimeoutMs: number;
}

/** What is asked of a provider: our one shape, with what is known about the model that is to do it. */
export interface UpstreamRequest extends Pick<
  ChatRequest,
  | 'messages'
  | 'tools'
  | 'toolChoice'
  | 'parallelToolCalls'
  | 'responseFormat'
  | 'temperature'
  | 'topP'
  | 'stop'
  | 'seed'
  | 'frequencyPenalty'
  | 'presencePenalty'
> {
  /** The provider's name of the model. */
  model: string;
  /** Longest answer in tokens. */
  maxTokens: number;
}

/** What comes from a provider, in one shape. */
export type UpstreamEvent =
  /** A sign of life that carries nothing. */
  | { type: 'alive' }
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string }
  /** A piece of a tool call; id and name come once for each index. */
  | { type: 'toolCall'; index: number; id?: string; name?: string; arguments: string }
  | { type: 'usage'; promptTokens?: number; completionTokens?: number }
  /** How the provider names exactly what answers. */
  | { type: 'version'; version: string }
  | { type: 'finish'; reason: FinishReason };

/** Something that a protocol has no place for. */
export interface Lack {
  /** Of the request. */
  field: string;
  /** Short, as a person would say it in code: `seed`, `json mode`. */
  feature: string;
}

/**
 * A protocol that models are reached by. Which one serves: `OpenAiProvider` for kind `openai` (any compatible
 * endpoint), `AnthropicProvider` for kind `anthropic`.
 */
export interface ChatProvider {
  /** @returns what of the request the protocol can't carry; undefined: nothing */
  lacks(request: ChatRequest): Lack | undefined;

  /**
   * Sends the request and gives what comes back, as much at once as came at once; returns at the end of the protocol,
   * whole or not. Who reads no further has to return it.
   * @throws UpstreamFailure, or what the connection throws; the signal's reason where it aborts
   */
  stream(
    request: UpstreamRequest,
    endpoint: Endpoint,
    signal: AbortSignal,
  ): AsyncIterableIterator<UpstreamEvent[], void>;
}
