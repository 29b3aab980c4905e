import type { TokenUsage } from '@midplane/contracts';
import { claimsOf } from '../../citation/claims.js';
import { CHECK_PARAMETERS, checkClaim, type Embed } from '../../citation/check.js';
import { CitationStream } from '../../citation/marks.js';
import type { Answerer, AnswerOutcome, AnswerRequest, CheckedClaim } from '../answerer.port.js';
import { phrase } from '../phrases.js';
import { AnswerHead } from './answer-head.js';
import type { ChatModelOptions } from './chat.config.js';
import type { ChatModelClient, ChatUsage } from './chat-model.client.js';
import { ModelFailure } from './model-failure.js';
import { buildPrompt, type BuiltPrompt, estimateTokens } from './prompt.js';
import { ANSWER_PROMPT } from './prompts/answer.v1.js';

/** A model that says in its own words that the passages don't hold the answer, citing nothing. */
const SAYS_NOT_THERE =
  /\b(?:do|does|did)(?: not|n['’]t) (?:contain|mention|provide|hold|include|specify|state|say|have)\b|\bno (?:information|mention)\b|没有(?:提到|提及|包含|涉及|说明|相关)|未(?:提到|提及|包含|涉及|说明)|无法(?:回答|找到|确定)/iu;

/** Answers by a chat model that is given the passages, streamed, its citations filtered and checked. */
export class ChatAnswerer implements Answerer {
  readonly name: string;

  constructor(
    private readonly client: ChatModelClient,
    private readonly options: Pick<ChatModelOptions, 'contextTokens' | 'maxTokens'>,
    private readonly embed: Embed,
  ) {
    this.name = client.model;
  }

  async *answer(request: AnswerRequest): AsyncGenerator<string, AnswerOutcome> {
    const { contextTokens, maxTokens } = this.options;
    const prompt = buildPrompt(request, contextTokens - maxTokens);
    const head = new AnswerHead();
    const marks = new CitationStream(prompt.passages.length);
    let text = '';
    await using pieces = this.client.stream({ messages: prompt.messages, maxTokens, signal: request.signal });
    let step = await pieces.next();
    for (; !step.done; step = await pieces.next()) {
      const certain = marks.push(head.push(step.value));
      text += certain;
      if (certain) yield certain;
    }
    const { text: rest, abstained: refused } = head.end();
    const last = marks.push(rest) + marks.end();
    text += last;
    if (last) yield last;

    if (!refused && text.trim() === '') throw new ModelFailure('empty').toProblem(this.name);
    if (refused) {
      text = phrase('notInSources', request.language);
      yield text;
    }
    const claims = claimsOf(text);
    const cites = claims.some((claim) => claim.cites.length > 0);
    const abstained = refused || (!cites && SAYS_NOT_THERE.test(text));
    return {
      modelVersion: step.value.version,
      abstained,
      checks: await this.check(claims, prompt.passages, request),
      usage: usageOf(step.value.usage, prompt, text),
      documentIds: refused ? [] : documentsBehind(prompt),
      provenance: {
        prompt: ANSWER_PROMPT,
        temperature: 0,
        maxTokens,
        contextTokens,
        passagesInPrompt: prompt.passages.length,
        turnsInPrompt: prompt.turns.map((turn) => turn.messageId),
        usageEstimated: step.value.usage === undefined,
        check: CHECK_PARAMETERS,
      },
    };
  }

  private async check(
    claims: ReturnType<typeof claimsOf>,
    passages: BuiltPrompt['passages'],
    request: AnswerRequest,
  ): Promise<CheckedClaim[]> {
    const checked: CheckedClaim[] = [];
    for (const claim of claims) {
      for (const number of claim.cites) {
        const passage = passages[number - 1]!;
        checked.push({ passage, ...(await checkClaim(claim.text, passage, request.standalone, this.embed)) });
        request.signal.throwIfAborted();
      }
    }
    return checked;
  }
}

/** Everything that the model read may be in its words: the passages, and the sources of the earlier answers. */
function documentsBehind(prompt: BuiltPrompt): string[] {
  return [
    ...new Set([
      ...prompt.passages.map((passage) => passage.hit.documentId),
      ...prompt.turns.flatMap((turn) => turn.documentIds),
    ]),
  ];
}

function usageOf(counted: ChatUsage | undefined, prompt: BuiltPrompt, text: string): TokenUsage {
  const promptTokens = prompt.messages.reduce((sum, message) => sum + estimateTokens(message.content), 0);
  const estimated = { promptTokens, completionTokens: estimateTokens(text) };
  return { ...(counted ?? estimated), costMicros: 0, cached: false };
}
