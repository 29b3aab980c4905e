import type { ChatInput, ChatMessage, ContentPart } from '@midplane/contracts';
import { invalidInput, UserError } from '@midplane/kernel';
import { z } from 'zod';

/** What OpenAI's protocol has and no model here gives: said at once, rather than passed over. */
const NOT_HERE = ['n', 'logprobs', 'audio', 'web_search_options', 'functions', 'prediction'] as const;
/** Values of those that ask for nothing. */
const NOTHING = [undefined, null, false, 1];

const Text = z.object({ type: z.literal('text'), text: z.string() });
const Image = z.object({
  type: z.literal('image_url'),
  image_url: z.object({ url: z.string(), detail: z.enum(['auto', 'low', 'high']).optional() }),
});
const TextContent = z.union([z.string(), z.array(Text)]);

const Message = z.discriminatedUnion('role', [
  z.object({ role: z.literal(['system', 'developer']), content: TextContent }),
  z.object({
    role: z.literal('user'),
    content: z.union([z.string(), z.array(z.discriminatedUnion('type', [Text, Image])).min(1)]),
  }),
  z.object({
    role: z.literal('assistant'),
    content: TextContent.nullish(),
    tool_calls: z
      .array(z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) }))
      .nullish(),
  }),
  z.object({ role: z.literal('tool'), tool_call_id: z.string(), content: TextContent }),
]);

const Schema = z.record(z.string(), z.json());

/** OpenAI's request for a chat completion, with our own part under `midplane`. */
export const ChatCompletionRequest = z.object({
  model: z.string().min(1).max(200),
  messages: z.array(Message).min(1).max(2000),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
  seed: z.int().nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  user: z.string().max(200).nullish(),
  tools: z
    .array(
      z.object({
        type: z.literal('function'),
        function: z.object({
          name: z.string(),
          description: z.string().nullish(),
          parameters: Schema.nullish(),
          strict: z.boolean().nullish(),
        }),
      }),
    )
    .max(128)
    .nullish(),
  tool_choice: z
    .union([
      z.enum(['auto', 'none', 'required']),
      z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: z
    .discriminatedUnion('type', [
      z.object({ type: z.literal('text') }),
      z.object({ type: z.literal('json_object') }),
      z.object({
        type: z.literal('json_schema'),
        json_schema: z.object({ name: z.string(), schema: Schema, strict: z.boolean().nullish() }),
      }),
    ])
    .nullish(),
  midplane: z
    .object({
      /** Answers from these knowledge bases, with citations in the message's annotations. */
      knowledgeBaseIds: z.array(z.uuid()).max(50).optional(),
      conversationId: z.uuid().optional(),
      topK: z.int().min(1).max(50).optional(),
      /** `restart`: a model that dies in mid-stream is taken over by the next, after a chunk that says so. */
      onInterruption: z.enum(['fail', 'restart']).optional(),
      cache: z.enum(['route', 'off']).optional(),
    })
    .optional(),
});
export type ChatCompletionRequest = z.infer<typeof ChatCompletionRequest>;

/** @throws UserError INVALID_INPUT for what no model here gives */
export function refuseWhatIsNotHere(body: Record<string, unknown>): void {
  const field = NOT_HERE.find((name) => !NOTHING.includes(body[name] as never));
  if (field)
    throw invalidInput(field, {
      en: 'this is not supported here; leave it out',
      zh: '此处不支持该参数，请去掉',
    });
}

/** @returns the request in our one shape */
export function toChatInput(request: ChatCompletionRequest): ChatInput {
  const { response_format: format, tool_choice: choice, stop, midplane } = request;
  return withoutNulls({
    model: request.model,
    messages: request.messages.map(toMessage),
    maxTokens: request.max_completion_tokens ?? request.max_tokens,
    temperature: request.temperature,
    topP: request.top_p,
    stop: typeof stop === 'string' ? [stop] : stop,
    seed: request.seed,
    frequencyPenalty: request.frequency_penalty,
    presencePenalty: request.presence_penalty,
    user: request.user,
    tools: request.tools?.map((tool) => withoutNulls(tool.function)),
    toolChoice: typeof choice === 'object' ? choice?.function : choice,
    parallelToolCalls: request.parallel_tool_calls,
    responseFormat:
      format?.type === 'json_schema'
        ? withoutNulls({ type: 'schema' as const, ...format.json_schema })
        : format?.type === 'json_object'
          ? { type: 'json' as const }
          : undefined,
    onInterruption: midplane?.onInterruption,
    cache: midplane?.cache,
  }) as ChatInput;
}

/** @returns the text of the last message, which is to be a user's: what a knowledge-grounded answer is asked */
export function questionOf({ messages }: ChatCompletionRequest): string {
  const last = messages.at(-1)!;
  if (last.role !== 'user') throw new UserError('INVALID_INPUT', LAST_IS_USERS);
  return textOf(last.content);
}
const LAST_IS_USERS = { field: 'messages', detail: 'expected a question of the user as the last message' };

function toMessage(message: z.infer<typeof Message>): ChatMessage {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: toContent(message.content) };
    case 'assistant':
      return {
        role: 'assistant',
        content: textOf(message.content ?? ''),
        ...(message.tool_calls?.length
          ? { toolCalls: message.tool_calls.map(({ id, function: called }) => ({ id, ...called })) }
          : {}),
      };
    case 'tool':
      return { role: 'tool', toolCallId: message.tool_call_id, content: textOf(message.content) };
    default:
      return { role: 'system', content: textOf(message.content) };
  }
}

function toContent(
  content: string | (z.infer<typeof Text> | z.infer<typeof Image>)[],
): string | ContentPart[] {
  if (typeof content === 'string') return content;
  return content.map((part) =>
    part.type === 'text'
      ? part
      : {
          type: 'image' as const,
          url: part.image_url.url,
          ...(part.image_url.detail ? { detail: part.image_url.detail } : {}),
        },
  );
}

function textOf(content: string | { type: string; text?: string }[]): string {
  return typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('');
}

function withoutNulls<T extends object>(value: T): T {
  return Object.fromEntries(
    Object.entries(value).filter(([, part]) => part !== null && part !== undefined),
  ) as T;
}
