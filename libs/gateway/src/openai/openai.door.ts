import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import {
  type AnswerEvent,
  decodeVector,
  EXTRACTIVE_MODEL,
  LATE_INTERACTION_MODEL,
  MAX_AUDIO_BYTES,
  type ChatEvent,
  type ChatResult,
} from '@midplane/contracts';
import { authorize, invalidInput, type Logger, type ServiceRegistry, UserError } from '@midplane/kernel';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { aigcMetadata } from '../answer/aigc-metadata.js';
import type { GatewayConfig } from '../gateway.config.js';
import { parseInput } from '../input/parse-input.js';
import { localeOf } from '../operation/locale.js';
import type { OperationService } from '../operation/operation.service.js';
import { drain } from '../upload/multipart.js';
import { ChatCompletionRequest, questionOf, refuseWhatIsNotHere, toChatInput } from './chat.request.js';
import { ChunkWriter, completionOf, groundedCompletionOf } from './chat.response.js';
import { EmbeddingsRequest, TEXTS_A_CALL } from './embeddings.js';
import { bodyOf, OVERHEAD_HEADER, overheadOf } from './exchange.js';
import { type Form, readForm } from './form.js';
import { openAiError } from './openai-error.js';
import { DOCUMENTS_A_CALL, RerankRequest, rerankResponse } from './rerank.js';
import { transcriptionRequest } from './transcription.request.js';
import { transcriptionResponse } from './transcription.response.js';

/** Largest field of a form beside its file, in bytes. */
const MAX_FIELD_BYTES = 16_384;

/** OpenAI's protocol, for whatever speaks that already: chat, embeddings, reranking, speech, the list of models. */
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
    scope.post('/rerank', (request, reply) => this.run(request, reply, () => this.rerank(request, reply)));
    void scope.register(async (audio) => this.mountAudio(audio));
  }

  /** Here alone a form is taken, and of the size that a file of speech may have. */
  private mountAudio(scope: FastifyInstance): void {
    const limits = { maxFileBytes: MAX_AUDIO_BYTES, maxFieldBytes: MAX_FIELD_BYTES };
    scope.addContentTypeParser('multipart/form-data', (_: FastifyRequest, body: IncomingMessage) =>
      readForm(body, limits),
    );
    // Many clients read no answer before they have sent everything.
    scope.addHook('onSend', ({ raw }) => drain(raw, MAX_AUDIO_BYTES));
    scope.post('/audio/transcriptions', (request, reply) =>
      this.run(request, reply, () => this.transcription(request, reply)),
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
    const inference = this.services.client('inference');
    const [routes, chat, embedding, reranking, speech] = await Promise.all([
      models.routes(),
      models.models({}),
      inference.embeddingModels(),
      inference.rerankModels().catch(noneWhereWrong),
      inference.transcribeModels().catch(noneWhereWrong),
    ]);
    const others = [reranking, speech].flatMap((kind) => [kind.configured ?? [], kind.others].flat());
    const owners = new Map<string, string>([
      ...routes.map(({ name }): [string, string] => [name, 'midplane']),
      ...chat.map(({ name, provider }): [string, string] => [name, provider]),
      [EXTRACTIVE_MODEL, 'midplane'],
      [LATE_INTERACTION_MODEL, 'midplane'],
      ...[...embedding, ...others].map(({ name }): [string, string] => [name, 'midplane']),
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
   * its own, and the `[DONE]` that marks a whole answer is missing. That goes out with the last event: what is left to be
   * done here then is nothing that the client waits for.
   */
  private async stream<E extends { type: string }>(
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
        const text = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('');
        if (event.type === 'done') reply.raw.end(`${text}data: [DONE]\n\n`);
        else await write(reply, text);
      }
      if (!reply.raw.writableEnded) throw new Error('A stream of an answer ended without its end.');
    } catch (error) {
      if (!begun || reply.raw.writableEnded) throw error;
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

  private async rerank(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const asked = parseInput(RerankRequest, bodyOf(request));
    const { model, query, documents } = asked;
    const models = this.services.client('models');
    const scores: number[] = [];
    let name = '';
    let tokens = 0;
    let upstreamMs = 0;
    for (let at = 0; at < documents.length; at += DOCUMENTS_A_CALL) {
      const part = await models.rerank({ model, query, texts: documents.slice(at, at + DOCUMENTS_A_CALL) });
      scores.push(...part.scores);
      name = part.model;
      tokens += part.promptTokens;
      upstreamMs += part.upstreamMs;
    }
    const id = `rerank-${request.traceId}`;
    await reply
      .header(OVERHEAD_HEADER, overheadOf(reply, upstreamMs))
      .send(rerankResponse(asked, { id, model: name, scores, tokens }));
  }

  private async transcription(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    // A body of another type than a form has been refused by now, but for none at all and JSON.
    const form = request.body as Form | undefined;
    if (!form?.fields)
      throw invalidInput('body', { en: 'expected multipart/form-data', zh: '应为 multipart/form-data' });
    const { response_format, ...asked } = transcriptionRequest(form);
    const { upstreamMs, ...transcript } = await this.services.client('models').transcribe(asked);
    const { type, body } = transcriptionResponse(transcript, response_format, asked.temperature);
    await reply.header(OVERHEAD_HEADER, overheadOf(reply, upstreamMs)).type(type).send(body);
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

/** A model that is configured and can't be found is said where it is asked for; the list has the others. */
function noneWhereWrong(error: unknown): { configured: null; others: [] } {
  if (!(error instanceof UserError)) throw error;
  return { configured: null, others: [] };
}

/** Writes, and waits where the client reads more slowly than the model writes. */
async function write({ raw }: FastifyReply, text: string): Promise<void> {
  if (text === '' || raw.destroyed || raw.write(text)) return;
  await Promise.race([once(raw, 'drain'), once(raw, 'close')]);
}
