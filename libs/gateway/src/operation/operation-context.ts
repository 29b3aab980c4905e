import type { Principal, RequestContext, UserError } from '@midplane/kernel';
import type { Locale } from '@midplane/contracts';

/** Who calls, on whose trace, in which language: the same for every door. */
export interface Caller {
  principal: Principal;
  /** Operations a minute that the key may do. */
  requestsPerMinute: number;
  traceId: string;
  locale: Locale;
}

/** What resolvers get as their GraphQL context: one for each operation. */
export interface OperationContext {
  request: RequestContext;
  /** Why nothing may be done: each root field gives this and does nothing. */
  refusal?: UserError;
  /** Answers in the result, told of in its `x-aigc` header. */
  answerIds: string[];
}

/** @returns what limits are counted on: the key, or the user where a token was sent */
export function limitKeyOf(principal: Principal): string {
  return principal.apiKeyId ?? principal.userId;
}
