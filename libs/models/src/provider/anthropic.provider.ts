import type { ChatMessage, ChatRequest, ContentPart, FinishReason, ToolChoice } from '@midplane/contracts';
import type { ChatProvider, Endpoint, Lack, UpstreamEvent, UpstreamRequest } from './chat-provider.port.js';
import { EventBatches, type UpstreamEvents } from './upstream-events.js';
import { UpstreamFailure } from './upstream-failure.js';
import type { UpstreamHttp } from './upstream-http.js';

/** https://platform.claude.com/docs/en/api/versioning */
const API_VERSION = '2023-06-01';

const FINISH: Record<string, FinishReason> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'toolCalls',
  refusal: 'filtered',
};

/** What is read of an event. */
interface Event {
  type: string;
  index?: number;
  message?: { model?: string; usage?: Usage };
  content_block?: { type: string; id?: string; name?: string };
  delta?: {
    type?: string;
    text?: string;
    thinking?: string;
    partial_json?: string;
    stop_reason?: string | null;
  };
  usage?: Usage;
  error?: { type?: string };
}
interface Usage {
  input_tokens?: number;
  cache_creation_input_tokens?: number | null;
  cache_read_input_tokens?: number | null;
  output_tokens?: number;
}

/** Anthropic's messages API. */
export class AnthropicProvider implements ChatProvider {
  constructor(private readonly http: UpstreamHttp) {}

  lacks(request: ChatRequest): Lack | undefined {
    for (const field of ['seed', 'frequencyPenalty', 'presencePenalty'] as const) {
      if (request[field] !== undefined) return { field, feature: field };
    }
    if (request.responseFormat?.type === 'json')
      return { field: 'responseFormat', feature: 'JSON without a schema' };
    if ((request.temperature ?? 0) > 1) return { field: 'temperature', feature: 'temperature > 1' };
    const at = request.messages.findIndex(
      (message) => message.role === 'assistant' && message.toolCalls?.some((call) => !isJson(call.arguments)),
    );
    return at < 0 ? undefined : { field: `messages.${at}.toolCalls`, feature: 'arguments that are not JSON' };
  }

  stream(
    request: UpstreamRequest,
    endpoint: Endpoint,
    signal: AbortSignal,
  ): AsyncIterableIterator<UpstreamEvent[], void> {
    const batches = this.http.events({
      url: `${endpoint.baseUrl}/messages`,
      headers: {
        'anthropic-version': API_VERSION,
        ...(endpoint.apiKey ? { 'x-api-key': endpoint.apiKey } : {}),
      },
      body: bodyOf(request),
      connectTimeoutMs: endpoint.connectTimeoutMs,
      signal,
    });
    /** Which of our tool calls a content block is. */
    const calls = new Map<number, number>();
    return new EventBatches(batches, (data, events) => read(JSON.parse(data) as Event, calls, events));
  }
}

/** Reads one event. @returns whether it is the answer's end */
function read(event: Event, calls: Map<number, number>, events: UpstreamEvents): boolean {
  switch (event.type) {
    case 'message_start':
      if (event.message?.model) events.add({ type: 'version', version: event.message.model });
      events.add({ type: 'usage', promptTokens: promptTokens(event.message?.usage) });
      return false;
    case 'content_block_start':
      if (event.content_block?.type === 'tool_use') {
        const { id, name } = event.content_block;
        const index = calls.size;
        calls.set(event.index ?? 0, index);
        events.add({ type: 'toolCall', index, id: id ?? `call_${index}`, name: name ?? '', arguments: '' });
      } else events.add({ type: 'alive' });
      return false;
    case 'content_block_delta':
      events.add(piece(event, calls));
      return false;
    case 'message_delta': {
      if (event.usage) events.add({ type: 'usage', completionTokens: event.usage.output_tokens });
      const reason = event.delta?.stop_reason;
      if (reason) events.add({ type: 'finish', reason: FINISH[reason] ?? 'stop' });
      return false;
    }
    case 'message_stop':
      return true;
    case 'error':
      throw new UpstreamFailure(event.error?.type === 'overloaded_error' ? 'busy' : 'reported', {
        number: 529,
        retryable: true,
      });
    default:
      events.add({ type: 'alive' });
      return false;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text || '{}');
    return true;
  } catch {
    return false;
  }
}

function piece({ index = 0, delta }: Event, calls: Map<number, number>): UpstreamEvent {
  if (delta?.text) return { type: 'text', text: delta.text };
  if (delta?.thinking) return { type: 'reasoning', text: delta.thinking };
  if (delta?.partial_json !== undefined) {
    return { type: 'toolCall', index: calls.get(index) ?? 0, arguments: delta.partial_json };
  }
  return { type: 'alive' };
}

/** What was read from or written to the provider's cache was read all the same. */
function promptTokens(usage: Usage | undefined): number | undefined {
  if (usage?.input_tokens === undefined) return undefined;
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens } = usage;
  return input_tokens + (cache_creation_input_tokens ?? 0) + (cache_read_input_tokens ?? 0);
}

function bodyOf(request: UpstreamRequest): Record<string, unknown> {
  const system = request.messages.flatMap((message) => (message.role === 'system' ? [message.content] : []));
  const { responseFormat, tools } = request;
  return {
    model: request.model,
    max_tokens: request.maxTokens,
    stream: true,
    system: system.length > 0 ? system.join('\n\n') : undefined,
    messages: toMessages(request.messages),
    temperature: request.temperature,
    top_p: request.topP,
    stop_sequences: request.stop,
    tools: tools?.map(({ name, description, parameters }) => ({
      name,
      description,
      input_schema: parameters ?? { type: 'object', properties: {} },
    })),
    tool_choice: tools && toToolChoice(request.toolChoice, request.parallelToolCalls),
    output_config:
      responseFormat?.type === 'schema'
        ? { format: { type: 'json_schema', schema: responseFormat.schema } }
        : undefined,
  };
}

interface Turn {
  role: 'user' | 'assistant';
  content: unknown[];
}

/** Turns take turns there, and results of tools are the user's. */
function toMessages(messages: ChatMessage[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    if (message.role === 'system') continue;
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const content = toContent(message);
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else turns.push({ role, content });
  }
  return turns;
}

function toContent(message: Exclude<ChatMessage, { role: 'system' }>): unknown[] {
  if (message.role === 'tool') {
    return [{ type: 'tool_result', tool_use_id: message.toolCallId, content: message.content }];
  }
  const { content } = message;
  const parts =
    typeof content === 'string'
      ? content === ''
        ? []
        : [{ type: 'text', text: content }]
      : content.map(toPart);
  if (message.role === 'user') return parts;
  const calls = (message.toolCalls ?? []).map((call) => ({
    type: 'tool_use',
    id: call.id,
    name: call.name,
    input: JSON.parse(call.arguments || '{}') as unknown,
  }));
  return [...parts, ...calls];
}

function toPart(part: ContentPart): unknown {
  if (part.type === 'text') return part;
  const [, media_type, data] = /^data:([^;]+);base64,(.*)$/su.exec(part.url) ?? [];
  return {
    type: 'image',
    source: data ? { type: 'base64', media_type, data } : { type: 'url', url: part.url },
  };
}

function toToolChoice(choice: ToolChoice | undefined, parallel: boolean | undefined): unknown {
  const alone = parallel === false ? { disable_parallel_tool_use: true } : {};
  if (typeof choice === 'object') return { type: 'tool', ...choice, ...alone };
  if (choice === 'none') return { type: 'none' };
  if (choice === 'required') return { type: 'any', ...alone };
  return choice === 'auto' || parallel === false ? { type: 'auto', ...alone } : undefined;
}
