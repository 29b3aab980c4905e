import { type AnyContractRouter, type AnySchema, getEventIteratorSchemaDetails } from '@orpc/contract';
import { ORPCError } from '@orpc/client';

type Handler = (input: unknown) => unknown;
type Call = (input: unknown) => Promise<unknown>;
type Explain = (error: unknown) => unknown;
interface Procedure {
  '~orpc': { inputSchema?: AnySchema; outputSchema?: AnySchema };
}

/**
 * Calls of a service that runs in this process: checked against the contract as a far one's are, input, output and
 * each item of a stream, and nothing between. oRPC's own client in the process wraps a stream four times, which cost
 * more than the rest of the way of a token.
 * @param explain what the caller is to see of what a call or a stream throws
 */
export function nearCalls(
  contract: AnyContractRouter,
  handlers: Record<string, Handler>,
  explain: Explain,
): Record<string, Call> {
  const procedures = contract as unknown as Record<string, Procedure>;
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handle]) => [name, nearCall(procedures[name]!, handle, explain)]),
  );
}

function nearCall(
  { '~orpc': { inputSchema, outputSchema } }: Procedure,
  handle: Handler,
  explain: Explain,
): Call {
  const items = getEventIteratorSchemaDetails(outputSchema);
  return async (input) => {
    try {
      const output = await handle(inputSchema ? await checked(inputSchema, input, 'BAD_REQUEST') : input);
      if (items) return new CheckedStream(output as AsyncIterator<unknown, unknown>, items.yields, explain);
      return await (outputSchema ? checked(outputSchema, output, 'INTERNAL_SERVER_ERROR') : output);
    } catch (error) {
      throw explain(error);
    }
  };
}

type Result = IteratorResult<unknown, unknown>;

/** A stream whose items are what the contract says. */
class CheckedStream implements AsyncIterableIterator<unknown, unknown>, AsyncDisposable {
  constructor(
    private readonly source: AsyncIterator<unknown, unknown>,
    private readonly schema: AnySchema,
    private readonly explain: Explain,
  ) {}

  async next(): Promise<Result> {
    try {
      const item = await this.source.next();
      if (item.done) return item;
      const value = checked(this.schema, item.value, 'INTERNAL_SERVER_ERROR');
      return { done: false, value: value instanceof Promise ? await value : value };
    } catch (error) {
      throw this.explain(error);
    }
  }

  async return(value?: unknown): Promise<Result> {
    return (await this.source.return?.(value)) ?? { done: true, value };
  }

  async throw(error: unknown): Promise<Result> {
    if (this.source.throw) return this.source.throw(error);
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** @throws ORPCError, as the far client does; schemas without asynchronous parts are checked at once */
function checked(schema: AnySchema, value: unknown, code: string): unknown {
  const result = schema['~standard'].validate(value);
  return result instanceof Promise ? result.then((each) => valueOf(each, code)) : valueOf(result, code);
}

function valueOf(
  result: { value: unknown; issues?: undefined } | { issues: readonly unknown[] },
  code: string,
): unknown {
  if (result.issues === undefined) return result.value;
  const what = code === 'BAD_REQUEST' ? 'Input' : 'Output';
  throw new ORPCError(code, { message: `${what} validation failed`, data: { issues: result.issues } });
}
