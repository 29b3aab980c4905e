import { Id, type Locale, type ProblemCode } from '@midplane/contracts';
import { invalidInput, UserError } from '@midplane/kernel';
import { z } from 'zod';

const EXPLAIN: Record<Locale, z.core.$ZodErrorMap> = {
  en: z.locales.en().localeError,
  zh: z.locales.zhCN().localeError,
};

/**
 * Parses what a client sent by the schema of the service that gets it.
 * @param value its nulls count as left out
 * @param path of the value in the operation's input, where it is a part of it
 * @throws UserError INVALID_INPUT naming the first wrong field and what was expected of it
 */
export function parseInput<S extends z.ZodType>(schema: S, value: object, path?: string): z.output<S> {
  const given = Object.fromEntries(Object.entries(value).filter(([, part]) => part !== null));
  const parsed = schema.safeParse(given, { error: EXPLAIN.en });
  if (parsed.success) return parsed.data;
  const { path: wrong, message: en } = parsed.error.issues[0]!;
  const zh = schema.safeParse(given, { error: EXPLAIN.zh }).error!.issues[0]!.message;
  throw invalidInput([...(path ? [path] : []), ...wrong].join('.'), { en, zh });
}

/** @returns the id. @throws UserError `missing`: what is no id names nothing */
export function idOr(missing: ProblemCode, id: string): string {
  if (!Id.safeParse(id).success) throw new UserError(missing, { id });
  return id;
}
