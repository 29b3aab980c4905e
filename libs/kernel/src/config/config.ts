import { z } from 'zod';

/** One environment variable, declared once. */
export interface Variable<S extends z.ZodType = z.ZodType> {
  /** Parses the text of the environment; an unset or empty variable arrives as undefined. */
  schema: S;
  /** What it means, for the README's table and for error messages. */
  description: string;
  /** What stands in the README as its default. */
  defaultText?: string;
  /** Its value is never printed. */
  secret?: boolean;
}

/** The variables of one area. */
export interface ConfigGroup<V extends Record<string, Variable> = Record<string, Variable>> {
  title: string;
  variables: V;
}

export type ConfigOf<G> =
  G extends ConfigGroup<infer V> ? { [K in keyof V]: z.output<V[K]['schema']> } : never;
type UnionToIntersection<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void
  ? I
  : never;

/**
 * No optional variable with a default: its default would stand in for what is unset, so nobody could tell that it is.
 * A variable that may be left out is declared without one (`env.optionalInteger`).
 */
type WithoutHiddenDefault<V> = {
  [K in keyof V]: V[K] extends { schema: z.ZodOptional<z.ZodDefault> } ? never : V[K];
};

/** Declares an area's variables; the names are those of the environment. */
export function configGroup<V extends Record<string, Variable>>(
  title: string,
  variables: V & WithoutHiddenDefault<V>,
): ConfigGroup<V> {
  return { title, variables };
}

/** Thrown when any variable is wrong; its message names each of them and prints no value of a secret one. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads all groups from the environment.
 * @throws ConfigError with one message that names every wrong variable
 */
export function readConfig<G extends ConfigGroup[]>(
  env: NodeJS.ProcessEnv,
  ...groups: G
): UnionToIntersection<ConfigOf<G[number]>> {
  const values: Record<string, unknown> = {};
  const wrong: string[] = [];
  for (const group of groups) {
    for (const [name, variable] of Object.entries(group.variables)) {
      const parsed = variable.schema.safeParse(env[name] === '' ? undefined : env[name]);
      if (parsed.success) {
        values[name] = parsed.data;
        continue;
      }
      const got = variable.secret || env[name] === undefined ? '' : ` (it is "${env[name]}")`;
      wrong.push(
        `  ${name}: ${parsed.error.issues.map((issue) => issue.message).join('; ')}${got}\n      ${variable.description}`,
      );
    }
  }
  if (wrong.length > 0) {
    throw new ConfigError(`The environment is wrong in ${wrong.length} place(s):\n${wrong.join('\n')}`);
  }
  return values as UnionToIntersection<ConfigOf<G[number]>>;
}

function wholeNumber(min: number, max: number) {
  const message = `expected a whole number from ${min} to ${max}`;
  return z.coerce.number(message).int(message).min(min, message).max(max, message);
}

/** Schemas for what an environment variable can hold. */
export const env = {
  text: () => z.string(),
  port: (fallback: number) =>
    z.coerce
      .number('expected a port number')
      .int('expected a port number')
      .min(0)
      .max(65535)
      .default(fallback),
  integer: (fallback: number, min: number, max: number) => wholeNumber(min, max).default(fallback),
  /** Undefined where it is unset. */
  optionalInteger: (min: number, max: number) => wholeNumber(min, max).optional(),
  flag: (fallback: boolean) =>
    z
      .enum(['true', 'false', '1', '0'], 'expected true or false')
      .transform((text) => text === 'true' || text === '1')
      .default(fallback),
  url: (...protocols: string[]) =>
    z
      .string()
      .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol.slice(0, -1)), {
        message: `expected a URL that begins with ${protocols.map((p) => `${p}://`).join(' or ')}`,
      }),
};
