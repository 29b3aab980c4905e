import type { Locale } from '@midplane/contracts';

/**
 * The language to answer in: the one of ours that an Accept-Language header prefers (RFC 9110, 12.5.4).
 * @returns `en` where it names neither
 */
export function localeOf(acceptLanguage: string | undefined): Locale {
  let best: { locale: Locale; quality: number } = { locale: 'en', quality: 0 };
  for (const range of (acceptLanguage ?? '').split(',')) {
    const [tag = '', ...parameters] = range.trim().toLowerCase().split(';');
    const locale = /^zh\b/.test(tag) ? 'zh' : /^(en\b|\*)/.test(tag) ? 'en' : undefined;
    if (!locale) continue;
    const q = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith('q='));
    const quality = q ? Number(q.slice(2)) : 1;
    if (quality > best.quality) best = { locale, quality };
  }
  return best.locale;
}
