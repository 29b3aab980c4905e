/** Codes of the languages that Whisper knows (github.com/openai/whisper, tokenizer.py). */
const CODES =
  'en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue'.split(
    ' ',
  );

const NAMES = new Intl.DisplayNames('en', { type: 'language' });

/** @returns a language's English name in small letters, as OpenAI gives it: `english` for `en` */
export function languageName(code: string): string {
  try {
    return (NAMES.of(code === 'jw' ? 'jv' : code) ?? code).toLowerCase();
  } catch {
    return code;
  }
}

const BY_NAME = new Map(CODES.map((code) => [languageName(code), code]));

/**
 * @param language a code, with a region or without, or an English name
 * @returns the code that models know it by; undefined where it is none of Whisper's
 */
export function languageCode(language: string): string | undefined {
  const name = language.trim().toLowerCase();
  const code = name.split(/[-_]/)[0]!;
  return CODES.includes(code) ? code : BY_NAME.get(name);
}
