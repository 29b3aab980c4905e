import type { Locale } from '@midplane/contracts';
import { contextIfAny, UserError } from '@midplane/kernel';

/** Why an answer that ended well for the model can't be given, for a person. `{n}` is filled in. */
const REASONS = {
  cut: { en: 'its answer was longer than the {n} tokens that it may have', zh: '回答超出 {n} 个词元的上限' },
  filtered: { en: 'its provider withheld the answer', zh: '服务方拒绝输出回答' },
  empty: { en: 'it gave an empty answer', zh: '回答为空' },
} as const;

/** @returns the problem that the caller sees, its reason in the language of the request */
export function unusableAnswer(reason: keyof typeof REASONS, model: string, tokens = 0): UserError {
  const locale: Locale = contextIfAny()?.locale ?? 'en';
  const text = REASONS[reason][locale].replace('{n}', String(tokens));
  return new UserError('MODEL_UNAVAILABLE', { model, reason: text });
}
