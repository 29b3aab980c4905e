import { isProblemCode, type Problem } from '@midplane/contracts';
import { UserError } from '../errors/errors.js';

/** Longest text of a fault that is kept beside a job; the whole of it is in the log. */
const MAX_TEXT = 2_000;

/** @returns what is kept of a run's failure beside the job: the problem, or the text of a fault */
export function writeJobError(error: Error): string {
  return error instanceof UserError
    ? JSON.stringify({ problem: error.problem })
    : JSON.stringify({ fault: `${error.name}: ${error.message}`.slice(0, MAX_TEXT) });
}

/** The reverse of {@link writeJobError}. */
export function readJobError(text: string | null): Error {
  const { problem, fault } = JSON.parse(text ?? '{}') as { problem?: Problem; fault?: string };
  if (problem && isProblemCode(problem.code)) return new UserError(problem.code, problem.params);
  return new Error(fault ?? 'The job failed without saying why.');
}
