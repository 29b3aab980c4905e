import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from 'graphql-sse';
import { locale, say } from '../messages.js';

/** A failure that the person at the terminal reads; never a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** What any result union may hold instead of its result. */
export interface ProblemResult {
  __typename: string;
  code: string;
  message: string;
}

interface GraphQLResponse<T> {
  data?: T | null;
  errors?: { message: string }[];
}

/** A client of the public API, like any other application. */
export class Client {
  private constructor(
    readonly url: string,
    private readonly key: string,
  ) {}

  /**
   * @returns a client for MIDPLANE_URL and MIDPLANE_KEY; by default the platform on this machine and its key file
   * @throws CommandError where there is no key
   */
  static async fromEnvironment(env = process.env): Promise<Client> {
    const file = join(env.MIDPLANE_HOME ?? '.midplane', 'admin.key');
    const key = env.MIDPLANE_KEY ?? (await readFile(file, 'utf8').catch(() => ''));
    if (!key.trim()) throw new CommandError(say('noKey', { file }));
    return new Client(platformUrl(env), key.trim());
  }

  /** Headers of every request; the last one shows that no web page sent it. */
  get headers(): Record<string, string> {
    return {
      authorization: `Bearer ${this.key}`,
      'accept-language': locale,
      'graphql-require-preflight': '1',
    };
  }

  /**
   * Runs one operation.
   * @returns its data
   * @throws CommandError where the platform can't be reached or the operation failed
   */
  async request<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    return this.post<T>(JSON.stringify({ query, variables }), {
      'content-type': 'application/json',
      accept: 'application/json',
    });
  }

  /** Sends a prepared body to the GraphQL endpoint. */
  async post<T>(body: string | ReadableStream, headers: Record<string, string>): Promise<T> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      body,
      headers: { ...this.headers, ...headers },
      // A streamed body needs it; the type of fetch doesn't know it yet.
      ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
    }).catch((error: unknown) => {
      throw unreachable(this.url, error);
    });
    const text = await response.text();
    const parsed = parseJson<GraphQLResponse<T>>(text);
    if (parsed?.errors?.length)
      throw new CommandError(parsed.errors.map((error) => error.message).join('\n'));
    if (!parsed?.data) {
      throw new CommandError(
        say('badAnswer', { url: this.url, status: response.status, body: text.slice(0, 200) }),
      );
    }
    return parsed.data;
  }

  /** Runs a subscription over server-sent events until it ends or the signal aborts. */
  async *subscribe<T>(
    query: string,
    variables: Record<string, unknown>,
    signal?: AbortSignal,
  ): AsyncGenerator<T, void> {
    const client = createClient({
      url: `${this.url}/graphql/stream`,
      headers: this.headers,
      retryAttempts: 3,
    });
    const results = client.iterate<T>({ query, variables });
    signal?.addEventListener('abort', () => client.dispose(), { once: true });
    try {
      for await (const result of results) {
        if (result.errors?.length) {
          throw new CommandError(result.errors.map((error) => error.message).join('\n'));
        }
        if (result.data) yield result.data as T;
      }
    } catch (error) {
      if (error instanceof CommandError) throw error;
      throw unreachable(this.url, error);
    } finally {
      client.dispose();
    }
  }
}

/** @returns where the platform is, without a slash at the end: MIDPLANE_URL, else this machine */
export function platformUrl(env: NodeJS.ProcessEnv): string {
  return (env.MIDPLANE_URL ?? `http://127.0.0.1:${env.PORT ?? 3000}`).replace(/\/$/, '');
}

/** @returns what a request that got no answer means */
export function unreachable(url: string, error: unknown): CommandError {
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
  return new CommandError(say('notReachable', { url, reason: cause?.code ?? cause?.message ?? message }));
}

/** @throws CommandError with the problem's own message where a union holds a problem */
export function expect<T extends { __typename: string }>(
  result: T | ProblemResult,
  typename: T['__typename'],
): T {
  if (result.__typename === typename) return result as T;
  const { code, message } = result as ProblemResult;
  throw new CommandError(`${message} (${code})`);
}

function parseJson<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
