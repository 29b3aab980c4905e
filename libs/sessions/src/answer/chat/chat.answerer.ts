import { claimsOf } from '../../citation/claims.js';
import { CHECK_PARAMETERS, checkClaim, type Embed } from '../../citation/check.js';
import { CitationStream } from '../../citation/marks.js';
import { SupportedSentences } from '../../citation/supported-sentences.js';
import type { Answerer, AnswerOutcome, AnswerRequest, CheckedClaim } from '../answerer.port.js';
import { phrase } from '../phrases.js';
import { AnswerHead } from './answer-head.js';
import type { ChatModel } from './chat-model.js';
import { buildPrompt, type BuiltPrompt } from './prompt.js';
import { ANSWER_PROMPT } from './prompts/answer.v1.js';
import { unusableAnswer } from './unusable-answer.js';

/** A model that says in its own words that the passages don't hold the answer, citing nothing. */
const SAYS_NOT_THERE =
  /\b(?:do|does|did)(?: not|n['’]t) (?:contain|mention|provide|hold|include|specify|state|say|have)\b|\bno (?:information|mention)\b|没有(?:提到|提及|包含|涉及|说明|相关)|未(?:提到|提及|包含|涉及|说明)|无法(?:回答|找到|确定)/iu;

/**
 * Answers by a chat model that is given the passages, streamed, its citations filtered and checked. On a strict route
 * only sentences that the passages support are streamed at all.
 */
export class ChatAnswerer implements Answerer {
  readonly name: string;

  constructor(
    private readonly model: ChatModel,
    private readonly embed: Embed,
  ) {
    this.name = model.name;
  }

  async *answer(request: AnswerRequest): AsyncGenerator<string, AnswerOutcome> {
    const { contextTokens, maxTokens } = this.model;
    const prompt = buildPrompt(request, contextTokens - maxTokens);
    const head = new AnswerHead();
    const marks = new CitationStream(prompt.passages.length);
    const { passages } = prompt;
    const strict = this.model.strict
      ? new SupportedSentences(passages, request.standalone, this.embed, request.signal)
      : undefined;
    let written = '';
    let text = '';
    await using pieces = this.model.stream({
      messages: prompt.messages,
      maxTokens,
      signal: request.signal,
      documentIds: documentsBehind(prompt),
      knowledgeBaseIds: [...new Set(prompt.passages.map((passage) => passage.hit.knowledgeBaseId))],
    });
    let step = await pieces.next();
    for (; !step.done; step = await pieces.next()) {
      const certain = marks.push(head.push(step.value));
      written += certain;
      const shown = strict ? await strict.push(certain) : certain;
      text += shown;
      if (shown) yield shown;
    }
    const { text: rest, abstained: saysNothing } = head.end();
    const last = marks.push(rest) + marks.end();
    written += last;
    const shown = strict ? (await strict.push(last)) + (await strict.end()) : last;
    text += shown;
    if (shown) yield shown;

    if (!saysNothing && written.trim() === '') throw unusableAnswer('empty', this.name);
    const refused = text.trim() === '';
    if (refused) {
      text = phrase('notInSources', request.language);
      yield text;
    }
    const claims = claimsOf(text);
    const cites = claims.some((claim) => claim.cites.length > 0);
    const abstained = refused || (!cites && SAYS_NOT_THERE.test(text));
    const { callId, version, usage, cache } = step.value;
    const { promptTokens, completionTokens, costMicros } = usage;
    return {
      modelVersion: version,
      abstained,
      checks: strict?.checks ?? (await this.check(claims, passages, request)),
      usage: {
        promptTokens,
        completionTokens,
        costMicros,
        cached: cache === 'exact' || cache === 'semantic',
      },
      documentIds: refused ? [] : documentsBehind(prompt),
      provenance: {
        callId,
        prompt: ANSWER_PROMPT,
        temperature: 0,
        maxTokens,
        contextTokens,
        passagesInPrompt: prompt.passages.length,
        turnsInPrompt: prompt.turns.map((turn) => turn.messageId),
        usageEstimated: usage.estimated,
        check: CHECK_PARAMETERS,
        ...(strict ? { withheld: strict.withheld } : {}),
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
