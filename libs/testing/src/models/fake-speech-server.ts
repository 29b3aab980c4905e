import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A transcription request as it came in. */
export interface SpeechRequest {
  path: string;
  headers: IncomingHttpHeaders;
  /** All fields but the file. */
  fields: Record<string, string>;
  file: { name: string; bytes: Buffer };
}

/** How the server answers the n-th request (from 1) since it was last told how. */
export type SpeechAnswer = (request: SpeechRequest, response: ServerResponse, n: number) => void;

/** Speaks OpenAI's transcription protocol over real HTTP, and misbehaves as told. */
export class FakeSpeechServer {
  readonly requests: SpeechRequest[] = [];
  /** Requests whose client went away before their end. */
  aborted = 0;
  private answer: SpeechAnswer = (_, response) => response.end('{}');

  private constructor(private readonly server: Server) {}

  static async start(): Promise<FakeSpeechServer> {
    const server = createServer();
    const fake = new FakeSpeechServer(server);
    server.on('request', (request, response) => {
      response.once('close', () => (fake.aborted += response.writableFinished ? 0 : 1));
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on(
        'end',
        () => void fake.handle(request.url ?? '', request.headers, Buffer.concat(parts), response),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  /** What requests get from now on. */
  reply(answer: SpeechAnswer): void {
    this.answer = answer;
    this.requests.length = 0;
    this.aborted = 0;
  }

  /** Answers as OpenAI does, in the format that is asked for. */
  say(text: string, more: object = {}): void {
    this.reply(({ fields }, response) => {
      const { response_format: format } = fields;
      const segments = [{ id: 0, start: 0, end: 1.5, text: ` ${text}` }];
      const verbose = { task: 'transcribe', language: 'english', duration: 2.25, segments };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ text, ...(format === 'verbose_json' ? verbose : {}), ...more }));
    });
  }

  /** Answers with a status and an error as OpenAI words them. */
  refuse(status: number, message: string, headers: Record<string, string> = {}): void {
    this.reply((_, response) =>
      response.writeHead(status, headers).end(JSON.stringify({ error: { message } })),
    );
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(
    path: string,
    headers: IncomingHttpHeaders,
    body: Buffer<ArrayBuffer>,
    response: ServerResponse,
  ): Promise<void> {
    const type = { 'content-type': headers['content-type'] ?? '' };
    const form = await new Response(body, { headers: type }).formData();
    const fields: Record<string, string> = {};
    for (const [name, value] of form) if (typeof value === 'string') fields[name] = value;
    const file = form.get('file') as File;
    const bytes = Buffer.from(await file.arrayBuffer());
    this.requests.push({ path, headers, fields, file: { name: file.name, bytes } });
    this.answer(this.requests.at(-1)!, response, this.requests.length);
  }
}
