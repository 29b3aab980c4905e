import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server does with one request, in order. */
export type ChatStep =
  | { text: string }
  /** Thinking in a field of its own. */
  | { reasoning: string }
  /** A piece of a tool call. */
  | { tool: { index: number; id?: string; name?: string; arguments: string } }
  /** Bytes as they are: to break the protocol. */
  | { raw: string }
  | { pauseMs: number }
  /** Says no more, and keeps the connection. */
  | { hang: true }
  /** Cuts the connection. */
  | { close: true }
  /** Ends as the protocol has it. */
  | { finish: 'stop' | 'length' | 'content_filter' | 'tool_calls' }
  /** Ends the HTTP answer with no finish reason and no [DONE]. */
  | { stop: true };

export type ChatReply =
  | { steps: ChatStep[]; usage?: { prompt_tokens: number; completion_tokens: number } }
  | { status: number; headers?: Record<string, string>; message?: string }
  /** Any answer, such as one that is no event stream. */
  | { type: string; body: string };

/** A chat request as it came in. */
export interface ChatRequest {
  model: string;
  messages: { role: string; content: string }[];
  temperature: number;
  max_tokens: number;
  stream: boolean;
  authorization: string | undefined;
  /** Where it was sent to. */
  path: string;
  headers: Record<string, string | string[] | undefined>;
  [more: string]: unknown;
}

/** Speaks the OpenAI chat protocol over real HTTP, and misbehaves as told. */
export class FakeChatServer {
  readonly requests: ChatRequest[] = [];
  /** Requests whose client went away before their end. */
  aborted = 0;
  /** Connections that were made to it since it started. */
  connections = 0;
  private replies: ChatReply[] = [];

  private constructor(
    private server: Server,
    private readonly port: number,
  ) {}

  static async start(): Promise<FakeChatServer> {
    const server = await listen(0);
    const fake = new FakeChatServer(server, (server.address() as AddressInfo).port);
    fake.serve();
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  /** What the next requests get, one each; the last is repeated. */
  reply(...replies: ChatReply[]): void {
    this.replies = replies;
    this.requests.length = 0;
    this.aborted = 0;
  }

  /** A reply that gives these pieces and ends well. */
  say(...pieces: string[]): void {
    this.reply({
      steps: [...pieces.map((text) => ({ text })), { finish: 'stop' }],
      usage: { prompt_tokens: 120, completion_tokens: 12 },
    });
  }

  /** Goes away: running answers are cut, and nothing listens any more. */
  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Comes back at the same address. */
  async reopen(): Promise<void> {
    this.server = await listen(this.port);
    this.serve();
  }

  private serve(): void {
    this.server.on('connection', () => this.connections++);
    this.server.on('request', (request, response) => void this.handle(request, response));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString()) as ChatRequest;
    const { authorization } = request.headers;
    this.requests.push({ ...body, authorization, path: request.url ?? '', headers: request.headers });
    response.once('close', () => {
      if (!response.writableEnded) this.aborted++;
    });
    const reply = this.replies.length > 1 ? this.replies.shift()! : this.replies[0]!;
    if ('status' in reply) {
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
      response.end(JSON.stringify({ error: { message: reply.message ?? `status ${reply.status}` } }));
      return;
    }
    if ('body' in reply) {
      response.writeHead(200, { 'content-type': reply.type }).end(reply.body);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    const send = (delta: object, finish_reason: string | null = null) =>
      response.write(
        `data: ${JSON.stringify({
          id: 'c1',
          object: 'chat.completion.chunk',
          created: 1,
          model: `${body.model}-2026-01`,
          choices: [{ index: 0, delta, finish_reason }],
        })}\n\n`,
      );
    for (const step of reply.steps) {
      if (response.destroyed) return;
      if ('text' in step) send({ content: step.text });
      else if ('reasoning' in step) send({ reasoning_content: step.reasoning });
      else if ('tool' in step) {
        const { index, id, name, arguments: args } = step.tool;
        send({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }] });
      } else if ('raw' in step) response.write(step.raw);
      else if ('pauseMs' in step) await new Promise((resolve) => setTimeout(resolve, step.pauseMs));
      else if ('hang' in step) return;
      else if ('close' in step) {
        // What was written should be read before the connection is cut.
        await new Promise((resolve) => setTimeout(resolve, 30));
        response.socket?.destroy();
        return;
      } else if ('stop' in step) break;
      else {
        send({}, step.finish);
        if (reply.usage) {
          response.write(
            `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: `${body.model}-2026-01`, choices: [], usage: reply.usage })}\n\n`,
          );
        }
        response.write('data: [DONE]\n\n');
      }
    }
    response.end();
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}
