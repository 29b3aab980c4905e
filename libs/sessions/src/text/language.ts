import type { Locale } from '@midplane/contracts';

const HAN = /\p{Script=Han}/gu;
const LATIN_WORD = /[\p{Script=Latin}\d][\p{Script=Latin}\d'’.-]*/gu;
/** Words that make a question Chinese, however many English names it is about. */
const ZH_FRAME =
  /什么|什麼|怎么|怎麼|怎样|怎樣|如何|为什么|為什麼|为何|為何|多少|哪|谁|誰|几[个個天年月次种種]|吗|嗎|呢|是否|介绍|介紹|说明|說明|解释|解釋|请|請|有没有|有沒有/u;

/**
 * The language of a text by its script. English names inside a Chinese question ("什么是 Kubernetes operator？")
 * leave it Chinese, a Chinese word inside an English one leaves it English.
 * @returns `zh` or `en`; a text without either script counts as English
 */
export function detectLanguage(text: string): Locale {
  const han = text.match(HAN)?.length ?? 0;
  if (han === 0) return 'en';
  const latin = text.match(LATIN_WORD)?.length ?? 0;
  return han >= latin || ZH_FRAME.test(text) ? 'zh' : 'en';
}

/** @returns whether two texts are written in different scripts, so that they can hardly share words */
export function crossesScripts(a: string, b: string): boolean {
  return detectLanguage(a) !== detectLanguage(b);
}
