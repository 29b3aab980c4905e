import { once } from 'node:events';
import {
  type AnswerEvent,
  decodeVector,
  EXTRACTIVE_MODEL,
  type ChatEvent,
  type ChatResult,
} from '@midplane/contracts';
import { authorize, type Logger, type ServiceRegistry, UserError } from '@midplane/kernel';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { aigcMetadata } from '../answer/aigc-metadata.js';
import type { GatewayConfig } from '../gateway.config.js';
import { parseInput } from '../input/parse-input.js';
import { localeOf } from '../operation/locale.js';
import type { OperationService } from '../operation/operation.service.js';
import { ChatCompletionRequest, questionOf, refuseWhatIsNotHere, toChatInput } from './chat.request.js';
import { ChunkWriter, completionOf, groundedCompletionOf } from './chat.response.js';
import { EmbeddingsRequest, TEXTS_A_CALL } from './embeddings.js';
import { openAiError } from './openai-error.js';

/** Time of a request that was ours and not a model's, in ms. */
const OVERHEAD_HEADER = 'x-midplane-overhead-ms';

/** OpenAI's protocol, for whatever speaks that already: chat completions, embeddings, the list of models. */
export class OpenAiDoor {
  constructor(
    private readonly operations: OperationService,
    private readonly services: ServiceRegistry,
    private readonly config: GatewayConfig,
    private readonly logger: Logger,
  ) {}

  /** @param scope of the path /v1, without parsers */
  mount(scope: FastifyInstance): void {
    const bodyLimit = this.config.MAX_MODEL_BODY_BYTES;
    scope.addContentTypeParser(
      'application/json',
      { parseAs: 'string', bodyLimit },
      scope.getDefaultJsonParser('error', 'error'),
    );
    scope.setErrorHandler((error, request, reply) => this.fail(error, request, reply));
    scope.setNotFoundHandler((request, reply) => {
      const detail = `there is no ${request.method} ${request.url.split('?')[0]} here`;
      return this.fail({ statusCode: 404, message: detail }, request, reply);
    });
    scope.addHook('onRequest', async (request) => {
      request.caller = await this.operations.identify(request.headers, request.traceId);
    });
    scope.get('/models', (request, reply) => this.run(request, reply, () => this.models(reply)));
    scope.get('/models/*', (request, reply) => this.run(request, reply, () => this.model(request, reply)));
    scope.post('/chat/completions', (request, reply) =>
      this.run(request, reply, () => this.chat(request, reply)),
    );
    scope.post('/embeddings', (request, reply) =>
      this.run(request, reply, () => this.embeddings(request, reply)),
    );
  }

  /** Does the work of one request under its caller's limits and context; it ends when the client goes away. */
  private async run(
    request: FastifyRequest,
    reply: FastifyReply,
    work: () => Promise<unknown>,
  ): Promise<void> {
    const gone = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort();
    });
    await this.operations.runCall(request.caller!, gone.signal, work);
  }

  private fail(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const locale = localeOf(request.headers['accept-language']);
    const { status, retryAfter, body } = openAiError(error, request.traceId, locale, this.logger);
    if (status === 401) void reply.header('www-authenticate', 'Bearer');
    if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
    return reply.code(status).send(body);
  }

  private async models(reply: FastifyReply): Promise<void> {
    void reply.send({ object: 'list', data: await this.listModels() });
  }

  private async model(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { '*': id } = request.params as { '*': string };
    const all = await this.listModels();
    const found = all.find((each) => each.id === id);
    if (!found) {
      const available = all.map((each) => each.id).join(', ');
      throw new UserError('MODEL_NOT_FOUND', { model: id, available });
    }
    void reply.send(found);
  }

  private async listModels(): Promise<{ id: string; object: 'model'; created: number; owned_by: string }[]> {
    authorize('read', 'Model');
    const models = this.services.client('models');
    const [routes, chat, embedding] = await Promise.all([
      models.routes(),
      models.models({}),
      this.services.client('inference').embeddingModels(),
    ]);
    const owners = new Map<string, string>([
      ...routes.map(({ name }): [string, string] => [name, 'midplane']),
      ...chat.map(({ name, provider }): [string, string] => [name, provider]),
      [EXTRACTIVE_MODEL, 'midplane'],
      ...embedding.map(({ name }): [string, string] => [name, 'midplane']),
    ]);
    return [...owners].map(([id, owned_by]) => ({ id, object: 'model', created: 0, owned_by }));
  }

  private async chat(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const body = bodyOf(request);
    refuseWhatIsNotHere(body);
    const asked = parseInput(ChatCompletionRequest, body);
    if (asked.midplane?.knowledgeBaseIds || asked.model === EXTRACTIVE_MODEL) {
      return this.grounded(asked, request, reply);
    }
    const models = this.services.client('models');
    const input = toChatInput(asked);
    if (!asked.stream) return this.whole(await models.complete(input), reply);
    const chunks = new ChunkWriter(asked.stream_options?.include_usage ?? false);
    const events = await models.chat(input);
    await this.stream(events, request, reply, (event: ChatEvent) => ({
      upstreamMs: event.type === 'started' ? event.upstreamMs : 0,
      produced: event.type === 'started' ? event.callId : '',
      chunks: chunks.of(event),
    }));
  }

  private whole(result: ChatResult, reply: FastifyReply): void {
    // Not awaited, here and below: a reply is a promise of its last byte on its way, and nothing here waits for that.
    void reply
      .header(OVERHEAD_HEADER, overheadOf(reply, result.upstreamMs))
      .header('x-aigc', aigcMetadata(this.config.AIGC_PRODUCER, [result.callId]))
      .send(completionOf(result));
  }

  /** An answer from knowledge bases: the same one that GraphQL's `ask` gives, in OpenAI's shape. */
  private async grounded(
    asked: ChatCompletionRequest,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const { knowledgeBaseIds = [], conversationId, topK } = asked.midplane ?? {};
    const { model } = asked;
    const question = questionOf(asked);
    const events = await this.services
      .client('sessions')
      .ask({ question, knowledgeBaseIds, conversationId, topK, model });
    if (!asked.stream) {
      for await (const event of events) {
        if (event.type !== 'done') continue;
        const { answer } = event;
        const produced = aigcMetadata(this.config.AIGC_PRODUCER, [answer.id]);
        void reply.header('x-aigc', produced).send(groundedCompletionOf(answer));
      }
      return;
    }
    const chunks = new ChunkWriter(asked.stream_options?.include_usage ?? false);
    await this.stream(events, request, reply, (event: AnswerEvent) => ({
      upstreamMs: 0,
      produced: '',
      chunks:
        event.type === 'sources'
          ? [chunks.begin(request.traceId, model)]
          : event.type === 'token'
            ? [chunks.text(event.text)]
            : chunks.end(event.answer),
    }));
  }

  /**
   * Sends a stream as server-sent events. Until its first event a failure has its status; after it, it is an event of
   * its own, and the `[DONE]` that marks a whole answer is missing.
   */
  private async stream<E>(
    events: AsyncIterable<E>,
    request: FastifyRequest,
    reply: FastifyReply,
    present: (event: E) => { upstreamMs: number; produced: string; chunks: object[] },
  ): Promise<void> {
    let begun = false;
    try {
      for await (const event of events) {
        const { upstreamMs, produced, chunks } = present(event);
        if (!begun) this.begin(reply, upstreamMs, produced);
        begun = true;
        await write(reply, chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join(''));
      }
      reply.raw.end('data: [DONE]\n\n');
    } catch (error) {
      if (!begun) throw error;
      const locale = localeOf(request.headers['accept-language']);
      const { body } = openAiError(error, request.traceId, locale, this.logger);
      reply.raw.end(`data: ${JSON.stringify(body)}\n\n`);
    }
  }

  private begin(reply: FastifyReply, upstreamMs: number, produced: string): void {
    reply.hijack();
    reply.raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      [OVERHEAD_HEADER]: overheadOf(reply, upstreamMs),
      'x-aigc': aigcMetadata(this.config.AIGC_PRODUCER, produced ? [produced] : []),
    });
  }

  private async embeddings(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const body = bodyOf(request);
    if (body.dimensions != null) {
      throw new UserError('INVALID_INPUT', {
        field: 'dimensions',
        detail: 'the model has one size; leave it out',
      });
    }
    const { model, input, encoding_format, midplane } = parseInput(EmbeddingsRequest, body);
    const role = midplane?.role ?? 'passage';
    const models = this.services.client('models');
    const vectors: string[] = [];
    let name = model;
    let tokens = 0;
    let upstreamMs = 0;
    for (let at = 0; at < input.length; at += TEXTS_A_CALL) {
      const part = await models.embed({ model, texts: input.slice(at, at + TEXTS_A_CALL), role });
      vectors.push(...part.vectors);
      name = part.model;
      tokens += part.promptTokens;
      upstreamMs += part.upstreamMs;
    }
    void reply.header(OVERHEAD_HEADER, overheadOf(reply, upstreamMs)).send({
      object: 'list',
      model: name,
      data: vectors.map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: encoding_format === 'base64' ? vector : [...decodeVector(vector)],
      })),
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
  }
}

function bodyOf(request: FastifyRequest): Record<string, unknown> {
  if (typeof request.body === 'object' && request.body !== null && !Array.isArray(request.body)) {
    return request.body as Record<string, unknown>;
  }
  throw new UserError('INVALID_INPUT', { field: 'body', detail: 'expected a JSON object' });
}

const overheadOf = (reply: FastifyReply, upstreamMs: number): string =>
  Math.max(0, reply.elapsedTime - upstreamMs).toFixed(2);

/** Writes, and waits where the client reads more slowly than the model writes. */
async function write({ raw }: FastifyReply, text: string): Promise<void> {
  if (text === '' || raw.destroyed || raw.write(text)) return;
  await Promise.race([once(raw, 'drain'), once(raw, 'close')]);
}
