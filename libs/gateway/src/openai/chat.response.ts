import type {
  AnswerView,
  ChatEvent,
  ChatResult,
  CitationView,
  FinishReason,
  ToolCallPart,
} from '@midplane/contracts';

const FINISH: Record<FinishReason, string> = {
  stop: 'stop',
  length: 'length',
  toolCalls: 'tool_calls',
  filtered: 'content_filter',
};

/** A citation of a knowledge-grounded answer, in the message's annotations. */
const annotation = (citation: CitationView) => ({ type: 'file_citation', file_citation: citation });

const toolCall = ({ id, ...called }: ToolCallPart) => ({ id, type: 'function', function: called });

const usageOf = ({ promptTokens, completionTokens }: { promptTokens: number; completionTokens: number }) => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
});

/** What the chunks of one stream have in common. */
export class ChunkWriter {
  private readonly created = Math.floor(Date.now() / 1000);
  private id = '';
  private model = '';

  /** @param includeUsage whether the stream ends with a chunk that tells what it took */
  constructor(private readonly includeUsage: boolean) {}

  /** Begins the stream of what answers. */
  begin(id: string, model: string): object {
    this.id = id;
    this.model = model;
    return this.chunk({ role: 'assistant', content: '' });
  }

  /** @returns the chunks of one event of a model's stream */
  of(event: ChatEvent): object[] {
    switch (event.type) {
      case 'started':
        return [this.begin(event.callId, event.model)];
      case 'text':
        return [this.chunk({ content: event.text })];
      case 'reasoning':
        return [this.chunk({ reasoning_content: event.text })];
      case 'toolCall': {
        const { index, id, name, arguments: args } = event;
        const called = { ...(name === undefined ? {} : { name }), arguments: args };
        const first = id === undefined ? {} : { id, type: 'function' };
        return [this.chunk({ tool_calls: [{ index, ...first, function: called }] })];
      }
      case 'restarted': {
        const { model, reason } = event;
        this.model = model;
        return [{ ...this.chunk({}), midplane: { restarted: { model, reason } } }];
      }
      case 'done': {
        const { result } = event;
        const last = { ...this.chunk({}, FINISH[result.finish]), midplane: detailsOf(result) };
        return [last, ...this.usage(result.usage)];
      }
    }
  }

  text(text: string): object {
    return this.chunk({ content: text });
  }

  /** @returns the chunks that end a knowledge-grounded answer */
  end(answer: AnswerView): object[] {
    const last = this.chunk({ annotations: answer.citations.map(annotation) }, 'stop');
    return [{ ...last, midplane: groundedDetails(answer) }, ...this.usage(answer.usage)];
  }

  private usage(usage: { promptTokens: number; completionTokens: number }): object[] {
    return this.includeUsage ? [{ ...this.chunk({}), choices: [], usage: usageOf(usage) }] : [];
  }

  private chunk(delta: object, finish_reason: string | null = null): object {
    return {
      id: `chatcmpl-${this.id}`,
      object: 'chat.completion.chunk',
      created: this.created,
      model: this.model,
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    };
  }
}

/** @returns a whole answer as OpenAI has it */
export function completionOf(result: ChatResult): object {
  const { text, toolCalls, reasoning } = result;
  const message = {
    role: 'assistant',
    content: text === '' && toolCalls.length > 0 ? null : text,
    refusal: null,
    ...(reasoning ? { reasoning_content: reasoning } : {}),
    ...(toolCalls.length > 0 ? { tool_calls: toolCalls.map(toolCall) } : {}),
  };
  return {
    ...envelope(result.callId, result.model, message, FINISH[result.finish], result.usage),
    system_fingerprint: result.version,
    midplane: detailsOf(result),
  };
}

/** @returns a knowledge-grounded answer as OpenAI has it */
export function groundedCompletionOf(answer: AnswerView): object {
  const message = {
    role: 'assistant',
    content: answer.text,
    refusal: null,
    annotations: answer.citations.map(annotation),
  };
  return {
    ...envelope(answer.id, answer.model, message, 'stop', answer.usage),
    system_fingerprint: answer.modelVersion,
    midplane: groundedDetails(answer),
  };
}

function envelope(
  id: string,
  model: string,
  message: object,
  finish_reason: string,
  usage: { promptTokens: number; completionTokens: number },
): object {
  return {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason }],
    usage: usageOf(usage),
  };
}

function detailsOf({
  callId,
  provider,
  version,
  route,
  routeVersion,
  cache,
  usage,
  retries,
}: ChatResult): object {
  const { costMicros } = usage;
  return { callId, provider, version, route, routeVersion, cache, costMicros, retries };
}

function groundedDetails(answer: AnswerView): object {
  const { id, conversationId, abstained, probability, closest, label, manifestId } = answer;
  return { answerId: id, conversationId, abstained, probability, closest, label, manifestId };
}
