import type { Locale } from '@midplane/contracts';
import { contextIfAny, UserError } from '@midplane/kernel';
import { APIConnectionError, APIError } from 'openai';

/** Why a model could not answer, for a person. `{n}` is filled in. */
const REASONS = {
  unreachable: { en: 'it cannot be reached', zh: '无法连接' },
  firstToken: { en: 'it gave no token within {n} s', zh: '{n} 秒内没有输出' },
  stalled: {
    en: 'it stopped for more than {n} s in the middle of its answer',
    zh: '回答中途停顿超过 {n} 秒',
  },
  interrupted: { en: 'its answer broke off in the middle', zh: '回答中途中断' },
  cut: {
    en: 'its answer was longer than LLM_MAX_TOKENS allows ({n})',
    zh: '回答超出 LLM_MAX_TOKENS 的上限（{n}）',
  },
  filtered: { en: 'its provider withheld the answer', zh: '服务方拒绝输出回答' },
  empty: { en: 'it gave an empty answer', zh: '回答为空' },
  garbled: { en: 'it sent something that is not the protocol', zh: '返回的内容不符合协议' },
  key: { en: 'it refuses the key (LLM_API_KEY)', zh: '密钥（LLM_API_KEY）被拒绝' },
  missing: {
    en: 'its endpoint does not know it (LLM_MODEL, LLM_BASE_URL)',
    zh: '服务端没有该模型（请检查 LLM_MODEL 和 LLM_BASE_URL）',
  },
  busy: { en: 'it is overloaded (HTTP {n})', zh: '服务过载（HTTP {n}）' },
  status: { en: 'it answered with HTTP {n}', zh: '返回 HTTP {n}' },
  resting: { en: 'it failed repeatedly and is given {n} s to recover', zh: '连续失败，{n} 秒后再试' },
} as const;

export type FailureReason = keyof typeof REASONS;

/** A failure of the model's endpoint, and whether another attempt may mend it. */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure';

  /** @param retryAfterMs how long the endpoint asks to wait before another attempt */
  constructor(
    readonly reason: FailureReason,
    readonly number = 0,
    readonly retryable = false,
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(`${reason} ${number}`, options);
  }

  /** Whether the endpoint is to blame, and not this one question. */
  get isFault(): boolean {
    return this.reason !== 'cut' && this.reason !== 'filtered';
  }

  /** @returns the problem that the caller sees, its reason in the language of the request */
  toProblem(model: string): UserError {
    const locale: Locale = contextIfAny()?.locale ?? 'en';
    const reason = REASONS[this.reason][locale].replace('{n}', String(this.number));
    return new UserError('MODEL_UNAVAILABLE', { model, reason }, { cause: this });
  }
}

/** @returns what a thrown thing of the client library means */
export function asModelFailure(thrown: unknown, started: boolean): ModelFailure {
  if (thrown instanceof ModelFailure) return thrown;
  const cause = { cause: thrown };
  if (started)
    return new ModelFailure(
      thrown instanceof SyntaxError ? 'garbled' : 'interrupted',
      0,
      false,
      undefined,
      cause,
    );
  if (thrown instanceof APIConnectionError) return new ModelFailure('unreachable', 0, true, undefined, cause);
  if (thrown instanceof APIError && typeof thrown.status === 'number') {
    const { status } = thrown;
    if (status === 401 || status === 403) return new ModelFailure('key', status, false, undefined, cause);
    if (status === 404) return new ModelFailure('missing', status, false, undefined, cause);
    const busy = status === 429 || status === 503;
    const retryable = busy || status === 408 || status >= 500;
    return new ModelFailure(busy ? 'busy' : 'status', status, retryable, retryAfterMs(thrown.headers), cause);
  }
  if (thrown instanceof SyntaxError) return new ModelFailure('garbled', 0, false, undefined, cause);
  return new ModelFailure('interrupted', 0, true, undefined, cause);
}

/** Seconds or a date, as HTTP has it. */
function retryAfterMs(headers: Headers | undefined): number | undefined {
  const value = headers?.get('retry-after');
  if (!value) return undefined;
  const wait = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}
