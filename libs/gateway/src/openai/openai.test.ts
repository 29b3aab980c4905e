import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { tool as langchainTool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { inferenceConfig, InferenceModule, inferenceOptions } from '@midplane/inference';
import { readConfig, runInContext } from '@midplane/kernel';
import { ingestConfig, IngestModule, KNOWLEDGE_ENTITIES, RetrievalModule } from '@midplane/knowledge';
import { MIGRATIONS } from '@midplane/migrations';
import { modelsConfig, ModelsModule } from '@midplane/models';
import { SESSIONS_ENTITIES, SessionsModule } from '@midplane/sessions';
import {
  asPrincipal,
  contextOf,
  createKey,
  createKnowledgeBase,
  createPrincipal,
  FakeChatServer,
  ingestDocument,
  type PostgresTestDatabase,
  testDatabase,
} from '@midplane/testing';
import { embedMany, generateText, Output, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type BootedGateway, bootGateway } from '../testing/boot-gateway.js';

const EMBEDDER = 'multilingual-e5-small-zh-en';
const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

let server: FakeChatServer;
let database: PostgresTestDatabase;
let gateway: BootedGateway;
let key: string;
let client: OpenAI;
let tenant: Awaited<ReturnType<typeof createPrincipal>>;

beforeAll(async () => {
  server = await FakeChatServer.start();
  database = await testDatabase();
  const env = { LLM_BASE_URL: server.url, LLM_MODEL: 'tester', LLM_TOKEN_TIMEOUT_MS: '20000' };
  const config = readConfig(env, inferenceConfig, ingestConfig, modelsConfig);
  gateway = await bootGateway({
    databaseUrl: database.url,
    migrations: MIGRATIONS,
    entities: [...KNOWLEDGE_ENTITIES, ...SESSIONS_ENTITIES],
    modules: (kernel) => [
      InferenceModule.forRoot(inferenceOptions({ ...config, ...kernel.config })),
      IngestModule.forRoot(config),
      { module: RetrievalModule },
      ModelsModule.forRoot(config),
      { module: SessionsModule },
    ],
  });
  tenant = await createPrincipal(database.database, { roles: ['application'] });
  key = await createKey(database.database, tenant);
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.stop();
  await database?.close();
  await server?.close();
});
beforeEach(() => server.say('Hel', 'lo'));

const callTool = () =>
  server.reply({
    steps: [
      { tool: { index: 0, id: 'call_a', name: 'weather', arguments: '{"city":' } },
      { tool: { index: 0, arguments: '"Hangzhou"}' } },
      { finish: 'tool_calls' },
    ],
    usage: { prompt_tokens: 20, completion_tokens: 5 },
  });
const HI: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'hi' }];

describe("OpenAI's own client", () => {
  it('gets an answer, with its usage, its label and our overhead', async () => {
    const { data, response } = await client.chat.completions
      .create({ model: 'default', messages: HI, temperature: 0.2, max_tokens: 99, stop: 'END' })
      .withResponse();
    expect(data).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      model: 'tester',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 120, completion_tokens: 12, total_tokens: 132 },
      midplane: { route: 'default', routeVersion: 1, cache: 'off' },
    });
    expect(server.requests[0]).toMatchObject({ temperature: 0.2, max_tokens: 99, stop: ['END'] });
    expect(Number(response.headers.get('x-midplane-overhead-ms'))).toBeGreaterThan(0);
    expect(JSON.parse(response.headers.get('x-aigc')!)).toMatchObject({ Label: '1' });
    expect(response.headers.get('x-trace-id')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('gets a stream, its usage at the end where it asks for it', async () => {
    const stream = await client.chat.completions.create({
      model: 'tester',
      messages: HI,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Hello');
    expect(chunks.at(-2)!.choices[0]!.finish_reason).toBe('stop');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 132 } });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  it('has its tools called, in one answer and in a stream', async () => {
    callTool();
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: PARAMETERS } }];
    const whole = await client.chat.completions.create({ model: 'tester', messages: HI, tools });
    expect(whole.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: null,
        tool_calls: [{ id: 'call_a', function: { name: 'weather', arguments: '{"city":"Hangzhou"}' } }],
      },
    });
    const runner = client.chat.completions.stream({ model: 'tester', messages: HI, tools });
    const { choices } = await runner.finalChatCompletion();
    expect(choices[0]!.message.tool_calls).toMatchObject([
      { id: 'call_a', function: { name: 'weather', arguments: '{"city":"Hangzhou"}' } },
    ]);
    await client.chat.completions.create({
      model: 'tester',
      tools,
      messages: [
        ...HI,
        whole.choices[0]!.message,
        { role: 'tool', tool_call_id: 'call_a', content: '{"degrees":21}' },
      ],
    });
    expect(server.requests.at(-1)!.messages.slice(1)).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'call_a' }] },
      { role: 'tool', tool_call_id: 'call_a', content: '{"degrees":21}' },
    ]);
  });

  it('gets structured output', async () => {
    server.say('{"city":', '"Hangzhou"}');
    const schema = { type: 'object', properties: {}, additionalProperties: false };
    const { choices } = await client.chat.completions.parse({
      model: 'tester',
      messages: HI,
      response_format: { type: 'json_schema', json_schema: { name: 'place', strict: true, schema } },
    });
    expect(choices[0]!.message.parsed).toEqual({ city: 'Hangzhou' });
    expect(server.requests[0]).toMatchObject({
      response_format: { type: 'json_schema', json_schema: { name: 'place', strict: true, schema } },
    });
  });

  it('sends pictures', async () => {
    const image_url = { url: 'data:image/png;base64,AAAA', detail: 'low' as const };
    await client.chat.completions.create({
      model: 'tester',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: '?' },
            { type: 'image_url', image_url },
          ],
        },
      ],
    });
    expect(server.requests[0]!.messages[0]!.content).toEqual([
      { type: 'text', text: '?' },
      { type: 'image_url', image_url },
    ]);
  });

  it('gets embeddings, which it reads as base64 by default', async () => {
    const texts = ['annual leave', '年假'];
    const { data, usage, model } = await client.embeddings.create({ model: EMBEDDER, input: texts });
    expect(model).toBe(EMBEDDER);
    expect(data.map(({ embedding }) => embedding.length)).toEqual([384, 384]);
    expect(Math.hypot(...data[0]!.embedding)).toBeCloseTo(1, 4);
    expect(usage.total_tokens).toBeGreaterThan(0);
    const floats = await client.embeddings.create({
      model: EMBEDDER,
      input: texts[0]!,
      encoding_format: 'float',
    });
    expect(floats.data[0]!.embedding[0]).toBeCloseTo(data[0]!.embedding[0]!, 5);
  });

  it('lists routes and models, and finds one', async () => {
    const ids = (await Array.fromAsync(client.models.list())).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['default', 'tester', 'midplane-extractive', EMBEDDER]));
    expect(await client.models.retrieve('tester')).toMatchObject({ id: 'tester', object: 'model' });
    await expect(client.models.retrieve('gpt-9')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
  });

  it.each([
    ['no key', { key: 'mp_none' }, 401, 'authentication_error', 'invalid_api_key'],
    ['a model that is not there', { model: 'gpt-9' }, 404, 'invalid_request_error', 'model_not_found'],
    ['what is not offered', { more: { n: 2 } }, 400, 'invalid_request_error', 'INVALID_INPUT'],
    ['a wrong parameter', { more: { temperature: 9 } }, 400, 'invalid_request_error', 'INVALID_INPUT'],
  ])('is told of %s in its own shape', async (_, { key: other, model, more }: Bad, status, type, code) => {
    const asking = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: other ?? key, maxRetries: 0 });
    const asked = asking.chat.completions.create({ model: model ?? 'tester', messages: HI, ...more });
    await expect(asked).rejects.toMatchObject({ status, type, code });
    await expect(asked).rejects.toThrow(/./);
    expect(server.requests).toHaveLength(0);
  });

  it('is told of a model that is down, before and within a stream, and never given half an answer', async () => {
    server.reply({ status: 401 });
    const stream = { model: 'tester', messages: HI, stream: true as const };
    await expect(client.chat.completions.create(stream)).rejects.toMatchObject({
      status: 503,
      code: 'MODEL_UNAVAILABLE',
    });
    server.reply({ steps: [{ text: 'half' }, { close: true }] });
    let text = '';
    const read = async () => {
      for await (const chunk of await client.chat.completions.create(stream)) {
        text += chunk.choices[0]?.delta.content ?? '';
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
    expect(text).toBe('half');
  });

  it('cancels the model by going away', async () => {
    server.reply({ steps: [{ text: 'half' }, { hang: true }] });
    const stream = await client.chat.completions.create({ model: 'tester', messages: HI, stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    await expect.poll(() => server.aborted).toBe(1);
  });

  it('is refused beyond its limits', async () => {
    const admin = await createPrincipal(database.database);
    const own = new OpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey: await createKey(database.database, admin),
      maxRetries: 0,
    });
    const { setLimit } = gateway.kernel.registry.client('models');
    await asPrincipal(admin, () => setLimit({ scope: 'tenant', requestsPerMinute: 1 }));
    await own.chat.completions.create({ model: 'tester', messages: HI });
    const refused = await own.chat.completions
      .create({ model: 'tester', messages: HI })
      .catch((error) => error);
    expect(refused).toMatchObject({ status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

interface Bad {
  key?: string;
  model?: string;
  more?: object;
}

describe('a knowledge-grounded answer', () => {
  it('comes with its citations, from a chat model and from the built-in answerer', async () => {
    const admin = await createPrincipal(database.database, { tenantId: tenant.tenantId });
    const base = await runInContext(contextOf(admin), async () => {
      const made = await createKnowledgeBase(gateway.kernel);
      await ingestDocument(gateway.kernel, {
        knowledgeBaseId: made.id,
        fileName: 'leave.md',
        content: 'Full-time staff get 15 days of annual leave a year.',
      });
      return made;
    });
    server.say('Full-time staff get 15 days of annual leave [1].');
    const messages = [
      { role: 'user' as const, content: 'How many days of annual leave do full-time staff get?' },
    ];
    for (const model of ['tester', 'midplane-extractive']) {
      const body = { model, messages, midplane: { knowledgeBaseIds: [base.id] } };
      const { choices } = await client.chat.completions.create(body);
      expect(choices[0]!.message).toMatchObject({
        content: expect.stringContaining('15 days'),
        annotations: [
          { type: 'file_citation', file_citation: { index: 1, documentTitle: 'leave.md', supported: true } },
        ],
      });
      const chunks = await Array.fromAsync(await client.chat.completions.create({ ...body, stream: true }));
      expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toContain('15 days');
      expect(chunks.at(-1)!.choices[0]!.delta).toMatchObject({ annotations: [{ type: 'file_citation' }] });
    }
  });
});

describe('@langchain/openai', () => {
  const model = () =>
    new ChatOpenAI({
      model: 'tester',
      apiKey: key,
      configuration: { baseURL: `${gateway.url}/v1` },
      maxRetries: 0,
    });

  it('chats and streams', async () => {
    expect((await model().invoke('hi')).content).toBe('Hello');
    const chunks = await Array.fromAsync(await model().stream('hi'));
    expect(chunks.map((chunk) => chunk.content).join('')).toBe('Hello');
  });

  it('calls tools and gets structured output', async () => {
    callTool();
    const weather = langchainTool(() => 'sunny', {
      name: 'weather',
      description: 'Says the weather.',
      schema: z.object({ city: z.string() }),
    });
    const { tool_calls } = await model().bindTools([weather]).invoke('hi');
    expect(tool_calls).toMatchObject([{ name: 'weather', args: { city: 'Hangzhou' }, id: 'call_a' }]);
    server.say('{"city":"Hangzhou"}');
    const place = model().withStructuredOutput(z.object({ city: z.string() }), { method: 'jsonSchema' });
    expect(await place.invoke('hi')).toEqual({ city: 'Hangzhou' });
  });

  it('embeds', async () => {
    const embeddings = new OpenAIEmbeddings({
      model: EMBEDDER,
      apiKey: key,
      configuration: { baseURL: `${gateway.url}/v1` },
    });
    expect((await embeddings.embedDocuments(['a', 'b'])).map(({ length }) => length)).toEqual([384, 384]);
  });
});

describe("Vercel's ai package", () => {
  const provider = () =>
    createOpenAICompatible({
      name: 'midplane',
      baseURL: `${gateway.url}/v1`,
      apiKey: key,
      supportsStructuredOutputs: true,
    });

  it('chats and streams', async () => {
    const model = provider()('tester');
    const { text, usage } = await generateText({ model, prompt: 'hi' });
    expect({ text, tokens: usage.totalTokens }).toEqual({ text: 'Hello', tokens: 132 });
    const { textStream } = streamText({ model, prompt: 'hi' });
    expect((await Array.fromAsync(textStream)).join('')).toBe('Hello');
  });

  it('calls tools and gets structured output', async () => {
    callTool();
    const model = provider()('tester');
    const inputSchema = z.object({ city: z.string() });
    const tools = { weather: tool({ description: 'Says the weather.', inputSchema }) };
    const { toolCalls } = await generateText({ model, prompt: 'hi', tools });
    expect(toolCalls).toMatchObject([{ toolName: 'weather', input: { city: 'Hangzhou' } }]);
    server.say('{"city":"Hangzhou"}');
    const { output } = await generateText({
      model,
      prompt: 'hi',
      output: Output.object({ schema: inputSchema }),
    });
    expect(output).toEqual({ city: 'Hangzhou' });
  });

  it('embeds', async () => {
    const { embeddings } = await embedMany({
      model: provider().embeddingModel(EMBEDDER),
      values: ['a', 'b'],
    });
    expect(embeddings.map(({ length }) => length)).toEqual([384, 384]);
  });
});

describe('a gateway that stops', () => {
  it('lets calls end by themselves, and says of one that takes too long why it ends', async () => {
    const textOf = async () => {
      let text = '';
      const stream = await client.chat.completions.create({ model: 'tester', messages: HI, stream: true });
      const ended = (async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
        return text;
      })();
      await expect.poll(() => text).toBe('half');
      return { ended: ended.catch((error: unknown) => error) };
    };
    server.reply({ steps: [{ text: 'half' }, { pauseMs: 500 }, { text: ' and half' }, { finish: 'stop' }] });
    const short = await textOf();
    server.reply({ steps: [{ text: 'half' }, { hang: true }] });
    const long = await textOf();
    await gateway.stop();
    expect(await short.ended).toBe('half and half');
    expect(await long.ended).toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: expect.stringContaining('The service gateway cannot be reached'),
    });
  }, 30_000);
});
