import {
  type Locale,
  type Problem,
  type ProblemCode,
  type ProblemParams,
  problemMessage,
} from '@midplane/contracts';

/**
 * An expected failure: the caller's fault or a known outage, with a code of PROBLEMS. It becomes a member of a
 * GraphQL union, a REST error body, or a document's failure; it is never logged as an error.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly problem: Problem;

  /**
   * @param code a code of PROBLEMS
   * @param params fills the `{name}` places of the problem's text; shown to people, so nothing secret
   */
  constructor(code: ProblemCode, params: ProblemParams = {}, options?: ErrorOptions) {
    super(problemMessage({ code, params }, 'en'), options);
    this.problem = { code, params };
  }

  get code(): ProblemCode {
    return this.problem.code;
  }

  /** @returns the text for a person, in their language. */
  messageIn(locale: Locale): string {
    return problemMessage(this.problem, locale);
  }
}

/**
 * Something outside failed in a way that trying again may mend (a connection, a full queue). Jobs retry on it;
 * at the public boundary it is a fault without details.
 */
export class OperationalError extends Error {
  override readonly name = 'OperationalError';
}

/**
 * Shorthand for the most common user error.
 * @param field which one is wrong
 * @param expected what was expected of it, in both languages: who reads it is known only where it is shown
 */
export function invalidInput(field: string, expected: Record<Locale, string>): UserError {
  return new UserError('INVALID_INPUT', { field, detail: expected.en, detailZh: expected.zh });
}

/** @returns the thrown thing as an Error, whatever was thrown. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
