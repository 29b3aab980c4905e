import type { Locale } from '@midplane/contracts';
import { contextIfAny, UserError } from '@midplane/kernel';

/** Why a queue could not get work done, for a person. `{n}` is filled in. */
const REASONS = {
  redis: {
    en: 'its queue in Redis cannot be reached; check REDIS_URL',
    zh: '无法连接其 Redis 队列；请检查 REDIS_URL',
  },
  noWorker: {
    en: 'no inference worker has been there for {n} s; start one with INFERENCE_ROLE=worker and the same REDIS_URL',
    zh: '已有 {n} 秒没有推理工作进程；请用 INFERENCE_ROLE=worker 和相同的 REDIS_URL 启动一个',
  },
  lost: { en: 'its work was lost {n} times on the way', zh: '任务在途中丢失了 {n} 次' },
  died: {
    en: 'the worker died over this work twice; what was sent may be more than it can take',
    zh: '工作进程两次在处理该任务时终止；提交的内容可能超出其处理能力',
  },
  key: {
    en: 'its worker runs under another MIDPLANE_MASTER_KEY',
    zh: '其工作进程使用了不同的 MIDPLANE_MASTER_KEY',
  },
} as const;

export type QueueFailureReason = keyof typeof REASONS;

export interface QueueFailureOptions extends ErrorOptions {
  /** Fills the reason's `{n}`. */
  n?: number;
  /** Default: that of the running call. */
  locale?: Locale;
}

/**
 * @param model how the problem names what can't be used
 * @returns MODEL_UNAVAILABLE
 */
export function unavailable(
  model: string,
  reason: QueueFailureReason,
  { n = 0, locale = contextIfAny()?.locale ?? 'en', ...options }: QueueFailureOptions = {},
): UserError {
  const text = REASONS[reason][locale].replace('{n}', String(n));
  return new UserError('MODEL_UNAVAILABLE', { model, reason: text }, options);
}
