import type { ProblemCode } from '@midplane/contracts';
import { UserError } from '@midplane/kernel';

/** SQLSTATE of a row that is there already. */
const UNIQUE_VIOLATION = '23505';
/** SQLSTATE of a row that others point at. */
const FOREIGN_KEY_VIOLATION = '23503';

/** @throws UserError `taken` where the work would make something of a name that is there */
export const orTaken = <T>(work: Promise<T>, taken: ProblemCode, name: string): Promise<T> =>
  translate(work, UNIQUE_VIOLATION, taken, { name });

/** @throws UserError `used` where the work would remove something that others need */
export const orUsed = <T>(work: Promise<T>, used: ProblemCode): Promise<T> =>
  translate(work, FOREIGN_KEY_VIOLATION, used, {});

async function translate<T>(
  work: Promise<T>,
  sqlState: string,
  code: ProblemCode,
  params: Record<string, string>,
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const found = (error as { driverError?: { code?: string } }).driverError?.code;
    throw found === sqlState ? new UserError(code, params, { cause: error }) : error;
  }
}
