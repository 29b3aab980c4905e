import type { ChatMessage, ContentPart, FinishReason, ResponseFormat, ToolChoice } from '@midplane/contracts';
import type { ChatProvider, Endpoint, UpstreamEvent, UpstreamRequest } from './chat-provider.port.js';
import { EventBatches, type UpstreamEvents } from './upstream-events.js';
import { UpstreamFailure } from './upstream-failure.js';
import type { UpstreamHttp } from './upstream-http.js';

const FINISH: Record<string, FinishReason> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'toolCalls',
  function_call: 'toolCalls',
  content_filter: 'filtered',
};

/** OpenAI's own endpoint has renamed the limit; its newer models refuse the old name, which all others know. */
const RENAMED_LIMIT = /^https:\/\/api\.openai\.com\//;

/** What is read of a chunk; compatible endpoints leave out much of it. */
interface Chunk {
  model?: string;
  system_fingerprint?: string | null;
  error?: unknown;
  usage?: { prompt_tokens?: number; completion_tokens?: number } | null;
  choices?: {
    finish_reason?: string | null;
    delta?: {
      content?: string | null;
      /** Thinking out loud: DeepSeek and Qwen call it so, vLLM's newer versions and OpenRouter `reasoning`. */
      reasoning_content?: string | null;
      reasoning?: string | null;
      tool_calls?: {
        index?: number;
        id?: string;
        function?: { name?: string; arguments?: string };
      }[];
    };
  }[];
}

/** Any endpoint that speaks OpenAI's chat completions: vLLM, TGI, Ollama, llama.cpp, DeepSeek, Qwen, Zhipu … */
export class OpenAiProvider implements ChatProvider {
  constructor(private readonly http: UpstreamHttp) {}

  lacks(): undefined {
    return undefined;
  }

  stream(
    request: UpstreamRequest,
    endpoint: Endpoint,
    signal: AbortSignal,
  ): AsyncIterableIterator<UpstreamEvent[], void> {
    const batches = this.http.events({
      url: `${endpoint.baseUrl}/chat/completions`,
      headers: endpoint.apiKey ? { authorization: `Bearer ${endpoint.apiKey}` } : {},
      body: bodyOf(request, RENAMED_LIMIT.test(endpoint.baseUrl)),
      connectTimeoutMs: endpoint.connectTimeoutMs,
      signal,
    });
    const reader = new ChunkReader();
    return new EventBatches(batches, (data, events) => {
      if (data === '[DONE]') return true;
      reader.read(JSON.parse(data) as Chunk, events);
      return false;
    });
  }
}

/** Reads the chunks of one answer. */
class ChunkReader {
  private version = '';
  private readonly calls = new Set<number>();

  read(chunk: Chunk, events: UpstreamEvents): void {
    if (chunk.error) throw new UpstreamFailure('reported', { retryable: true });
    this.readVersion(chunk, events);
    if (chunk.usage) {
      const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = chunk.usage;
      events.add({ type: 'usage', promptTokens, completionTokens });
    }
    const choice = chunk.choices?.[0];
    if (!choice) return;
    const { content, reasoning_content, reasoning, tool_calls } = choice.delta ?? {};
    const thought = reasoning_content ?? reasoning;
    if (thought) events.add({ type: 'reasoning', text: thought });
    if (content) events.add({ type: 'text', text: content });
    for (const [position, call] of (tool_calls ?? []).entries()) {
      const index = call.index ?? position;
      const known = this.calls.has(index);
      this.calls.add(index);
      events.add({
        type: 'toolCall',
        index,
        // Endpoints that repeat id and name with each piece mean them once.
        ...(known ? {} : { id: call.id ?? `call_${index}`, name: call.function?.name ?? '' }),
        arguments: call.function?.arguments ?? '',
      });
    }
    if (choice.finish_reason) {
      const reason = FINISH[choice.finish_reason] ?? 'stop';
      // Some end with `stop` what ends in tool calls.
      events.add({ type: 'finish', reason: reason === 'stop' && this.calls.size > 0 ? 'toolCalls' : reason });
    } else if (!content && !thought) events.add({ type: 'alive' });
  }

  private readVersion({ model, system_fingerprint }: Chunk, events: UpstreamEvents): void {
    const named =
      model && system_fingerprint ? `${model} ${system_fingerprint}` : model || system_fingerprint;
    if (!named || named === this.version) return;
    this.version = named;
    events.add({ type: 'version', version: named });
  }
}

function bodyOf(request: UpstreamRequest, renamedLimit: boolean): Record<string, unknown> {
  const { tools, responseFormat } = request;
  return {
    model: request.model,
    messages: request.messages.map(toMessage),
    stream: true,
    stream_options: { include_usage: true },
    [renamedLimit ? 'max_completion_tokens' : 'max_tokens']: request.maxTokens,
    temperature: request.temperature,
    top_p: request.topP,
    stop: request.stop,
    seed: request.seed,
    frequency_penalty: request.frequencyPenalty,
    presence_penalty: request.presencePenalty,
    tools: tools?.map((tool) => ({ type: 'function', function: tool })),
    tool_choice: tools && toToolChoice(request.toolChoice),
    parallel_tool_calls: tools && request.parallelToolCalls,
    response_format: responseFormat && toResponseFormat(responseFormat),
  };
}

function toMessage(message: ChatMessage): unknown {
  switch (message.role) {
    case 'system':
      return message;
    case 'user':
      return { role: 'user', content: toContent(message.content) };
    case 'tool':
      return { role: 'tool', tool_call_id: message.toolCallId, content: message.content };
    case 'assistant': {
      const { content, toolCalls } = message;
      if (!toolCalls?.length) return { role: 'assistant', content };
      const tool_calls = toolCalls.map(({ id, ...called }) => ({ id, type: 'function', function: called }));
      return { role: 'assistant', content: content || null, tool_calls };
    }
  }
}

function toContent(content: string | ContentPart[]): unknown {
  if (typeof content === 'string') return content;
  return content.map((part) =>
    part.type === 'text'
      ? part
      : { type: 'image_url', image_url: { url: part.url, ...(part.detail ? { detail: part.detail } : {}) } },
  );
}

function toToolChoice(choice: ToolChoice | undefined): unknown {
  return typeof choice === 'object' ? { type: 'function', function: choice } : choice;
}

function toResponseFormat(format: ResponseFormat): unknown {
  if (format.type === 'text') return undefined;
  if (format.type === 'json') return { type: 'json_object' };
  const { name, schema, strict } = format;
  return { type: 'json_schema', json_schema: { name, schema, strict } };
}
