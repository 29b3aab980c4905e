import type { ChatInput, ChatResult, ResolvedModel } from '@midplane/contracts';
import { currentContext, runInContext, type ServiceClient } from '@midplane/kernel';
import { unusableAnswer } from './unusable-answer.js';

export type ChatMessage = { role: 'system' | 'user' | 'assistant'; content: string };

export interface ChatCall {
  messages: ChatMessage[];
  maxTokens: number;
  signal: AbortSignal;
  /** Default: that of the model. */
  firstTokenTimeoutMs?: number;
  /** Documents whose words stand in the messages, and the knowledge bases that they are from. */
  documentIds: string[];
  knowledgeBaseIds: string[];
}

/** A chat model of the models service, asked at temperature 0. */
export class ChatModel {
  constructor(
    private readonly models: ServiceClient<'models'>,
    private readonly asked: string | undefined,
    private readonly resolved: ResolvedModel,
  ) {}

  /** As answers name it. */
  get name(): string {
    return this.resolved.name;
  }

  /** Whether only sentences that the passages support may be shown. */
  get strict(): boolean {
    return this.resolved.strict;
  }

  /** Tokens that it takes, prompt and answer together. */
  get contextTokens(): number {
    return this.resolved.contextTokens;
  }

  /** Longest answer in tokens. */
  get maxTokens(): number {
    return this.resolved.maxOutputTokens;
  }

  /**
   * Gives the answer's pieces as they come, and the whole at the end.
   * @throws UserError MODEL_UNAVAILABLE, also where the answer was cut or withheld; what else the models service throws
   */
  async *stream(call: ChatCall): AsyncGenerator<string, ChatResult> {
    // What is shown piece by piece can't be taken back: a model that dies in the middle is a failure.
    const events = await this.inCall(call, () =>
      this.models.chat({ ...this.inputOf(call), onInterruption: 'fail' }, { signal: call.signal }),
    );
    for await (const event of events) {
      if (event.type === 'text') yield event.text;
      if (event.type === 'done') return this.usable(event.result, call);
    }
    throw new Error('The stream of an answer ended without its end.');
  }

  /** The whole answer at once, for short tasks. @throws as {@link stream} */
  async complete(call: ChatCall): Promise<string> {
    const result = await this.inCall(call, () =>
      this.models.complete(this.inputOf(call), { signal: call.signal }),
    );
    return this.usable(result, call).text;
  }

  private inputOf(call: ChatCall): ChatInput {
    const { messages, maxTokens, firstTokenTimeoutMs, documentIds, knowledgeBaseIds } = call;
    return {
      model: this.asked,
      messages,
      maxTokens,
      temperature: 0,
      documentIds,
      knowledgeBaseIds,
      ...(firstTokenTimeoutMs === undefined ? {} : { firstTokenTimeoutMs }),
    };
  }

  /** Within one process a call heeds the signal of its context. */
  private inCall<T>({ signal }: ChatCall, work: () => Promise<T>): Promise<T> {
    return runInContext({ ...currentContext(), signal }, work);
  }

  private usable(result: ChatResult, call: ChatCall): ChatResult {
    if (result.finish === 'length') throw unusableAnswer('cut', this.name, call.maxTokens);
    if (result.finish === 'filtered') throw unusableAnswer('filtered', this.name);
    return result;
  }
}
