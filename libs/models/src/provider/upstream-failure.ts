import type { Locale } from '@midplane/contracts';
import { contextIfAny, readRetryAfter, UserError } from '@midplane/kernel';

/** Why a model could not answer, for a person. `{n}` and `{detail}` are filled in. */
const REASONS = {
  forbidden: {
    en: 'its address may not be reached from here (MODEL_HOSTS)',
    zh: '不允许访问该地址（MODEL_HOSTS）',
  },
  unreachable: { en: 'it cannot be reached', zh: '无法连接' },
  firstToken: { en: 'it gave no token within {n} s', zh: '{n} 秒内没有输出' },
  stalled: {
    en: 'it stopped for more than {n} s in the middle of its answer',
    zh: '回答中途停顿超过 {n} 秒',
  },
  interrupted: { en: 'its answer broke off in the middle', zh: '回答中途中断' },
  endless: { en: 'its answer went on far beyond {n} tokens', zh: '回答远超 {n} 个词元仍未结束' },
  garbled: { en: 'it sent something that is not the protocol', zh: '返回的内容不符合协议' },
  reported: { en: 'it reported an error', zh: '服务方报告错误' },
  key: { en: 'it refuses the key', zh: '密钥被拒绝' },
  missing: { en: 'its endpoint does not know it', zh: '服务端没有该模型' },
  busy: { en: 'it is overloaded (HTTP {n})', zh: '服务过载（HTTP {n}）' },
  status: { en: 'it answered with HTTP {n}', zh: '返回 HTTP {n}' },
  refused: { en: 'it refused the request (HTTP {n}) {detail}', zh: '拒绝了该请求（HTTP {n}）{detail}' },
  resting: { en: 'it failed repeatedly and is given {n} s to recover', zh: '连续失败，{n} 秒后再试' },
} as const;

export type FailureReason = keyof typeof REASONS;

export interface FailureOptions extends ErrorOptions {
  /** Seconds, an HTTP status or tokens, as the reason has it. */
  number?: number;
  /** What the provider says is wrong with the request. */
  detail?: string;
  /** Whether another attempt may mend it. */
  retryable?: boolean;
  /** How long the endpoint asks to wait before another attempt. */
  retryAfterMs?: number;
}

/** A failure of a model's endpoint. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure';
  readonly number: number;
  readonly detail: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly reason: FailureReason,
    { number = 0, detail = '', retryable = false, retryAfterMs, ...options }: FailureOptions = {},
  ) {
    super(`${reason} ${number}`, options);
    this.number = number;
    this.detail = detail;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the endpoint is to blame, and not this one request. */
  get isFault(): boolean {
    return this.reason !== 'refused' && this.reason !== 'endless';
  }

  /** @returns why, for a person, in the language of the request */
  explain(locale: Locale = contextIfAny()?.locale ?? 'en'): string {
    return REASONS[this.reason][locale]
      .replace('{n}', String(this.number))
      .replace('{detail}', this.detail)
      .trim();
  }

  /** @returns the problem that the caller sees */
  toProblem(model: string): UserError {
    const retryAfterMs = this.reason === 'resting' ? this.number * 1000 : this.retryAfterMs;
    const params = { model, reason: this.explain(), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    return new UserError('MODEL_UNAVAILABLE', params, { cause: this });
  }
}

/** @param started whether something of the answer had come */
export function asUpstreamFailure(thrown: unknown, started: boolean): UpstreamFailure {
  if (thrown instanceof UpstreamFailure) return thrown;
  if (thrown instanceof SyntaxError)
    return new UpstreamFailure('garbled', { cause: thrown, retryable: !started });
  const { code = '' } = (thrown ?? {}) as { code?: string };
  const connecting =
    /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/.test(code);
  const reason = connecting ? 'unreachable' : 'interrupted';
  return new UpstreamFailure(reason, { cause: thrown, retryable: !started });
}

/** Longest text of a provider that is shown to the caller. */
const DETAIL_CHARACTERS = 300;

/** @returns what an HTTP status means that is not 2xx */
export function statusFailure(
  status: number,
  headers: Record<string, string | string[] | undefined>,
  message: string | undefined,
): UpstreamFailure {
  if (status === 401 || status === 403) return new UpstreamFailure('key', { number: status });
  if (status === 404) return new UpstreamFailure('missing', { number: status });
  // 529: Anthropic's way to say that it is overloaded.
  const busy = status === 429 || status === 503 || status === 529;
  if (busy || status === 408 || status === 409 || status >= 500) {
    const retryAfterMs = readRetryAfter(headers['retry-after']);
    return new UpstreamFailure(busy ? 'busy' : 'status', { number: status, retryable: true, retryAfterMs });
  }
  if (status >= 400) {
    return new UpstreamFailure('refused', { number: status, detail: message?.slice(0, DETAIL_CHARACTERS) });
  }
  return new UpstreamFailure('garbled', { number: status });
}
