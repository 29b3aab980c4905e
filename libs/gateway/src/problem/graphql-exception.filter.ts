import { type ArgumentsHost, Catch } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';

/**
 * Lets what a resolver throws through to the one place that maps it (`outcome.ts`, `present-errors.ts`): Nest's own
 * filter would log expected failures as errors. Other requests fail as they do in Nest.
 */
@Catch()
export class GraphqlExceptionFilter extends BaseExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    if (host.getType<string>() === 'graphql') throw exception;
    super.catch(exception, host);
  }
}
