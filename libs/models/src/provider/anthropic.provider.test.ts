import { type ChatStep, FakeChatServer } from '@midplane/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addModel, ask, type BootedModels, bootModels, HI } from '../testing/boot-models.js';

let booted: BootedModels;
let server: FakeChatServer;
let model: string;

beforeAll(async () => {
  server = await FakeChatServer.start();
  booted = await bootModels();
  model = await booted.as(async () => {
    const more = { supports: { images: true }, promptPriceMicros: 1_000_000 };
    return (await addModel(booted, server.url, { kind: 'anthropic', apiKey: 'sk-ant-0123456789', more }))
      .name;
  });
});
afterAll(async () => {
  await booted?.close();
  await server?.close();
});

const event = (data: { type: string; [more: string]: unknown }): ChatStep => ({
  raw: `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`,
});
const START = event({
  type: 'message_start',
  message: {
    model: 'claude-x-2026',
    usage: { input_tokens: 5, cache_read_input_tokens: 20, output_tokens: 1 },
  },
});
const text = (index: number, piece: string) =>
  event({ type: 'content_block_delta', index, delta: { type: 'text_delta', text: piece } });
const end = (stop_reason: string) => [
  event({ type: 'message_delta', delta: { stop_reason }, usage: { output_tokens: 7 } }),
  event({ type: 'message_stop' }),
  { stop: true } as const,
];

describe("Anthropic's messages", () => {
  it('are asked and read in our one shape', () =>
    booted.as(async () => {
      server.reply({
        steps: [
          START,
          event({ type: 'ping' }),
          event({
            type: 'content_block_delta',
            index: 0,
            delta: { type: 'thinking_delta', thinking: 'hm' },
          }),
          event({ type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } }),
          text(1, 'Let me '),
          text(1, 'look.'),
          event({
            type: 'content_block_start',
            index: 2,
            content_block: { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} },
          }),
          event({
            type: 'content_block_delta',
            index: 2,
            delta: { type: 'input_json_delta', partial_json: '{"city":' },
          }),
          event({
            type: 'content_block_delta',
            index: 2,
            delta: { type: 'input_json_delta', partial_json: '"上海"}' },
          }),
          ...end('tool_use'),
        ],
      });
      const { result } = await ask(booted, {
        model,
        messages: [
          { role: 'system', content: 'Be brief.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is this?' },
              { type: 'image', url: 'data:image/png;base64,AAAA' },
              { type: 'image', url: 'https://example.com/a.png' },
            ],
          },
          { role: 'assistant', content: '', toolCalls: [{ id: 't0', name: 'look', arguments: '{"at":1}' }] },
          { role: 'tool', toolCallId: 't0', content: 'a cat' },
          { role: 'user', content: 'And?' },
        ],
        tools: [{ name: 'weather', description: 'd', parameters: { type: 'object' } }],
        toolChoice: 'required',
        parallelToolCalls: false,
        responseFormat: { type: 'schema', name: 'out', schema: { type: 'object' } },
        maxTokens: 50,
        stop: ['END'],
      });
      expect(result).toMatchObject({
        text: 'Let me look.',
        reasoning: 'hm',
        toolCalls: [{ id: 'toolu_1', name: 'weather', arguments: '{"city":"上海"}' }],
        finish: 'toolCalls',
        version: 'claude-x-2026',
        usage: { promptTokens: 25, completionTokens: 7, costMicros: 25, estimated: false },
      });
      const [request] = server.requests;
      expect(request!.path).toBe('/v1/messages');
      expect(request!.headers).toMatchObject({
        'x-api-key': 'sk-ant-0123456789',
        'anthropic-version': '2023-06-01',
      });
      expect(request).toMatchObject({
        max_tokens: 50,
        system: 'Be brief.',
        stop_sequences: ['END'],
        tools: [{ name: 'weather', description: 'd', input_schema: { type: 'object' } }],
        tool_choice: { type: 'any', disable_parallel_tool_use: true },
        output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is this?' },
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
              { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
            ],
          },
          { role: 'assistant', content: [{ type: 'tool_use', id: 't0', name: 'look', input: { at: 1 } }] },
          {
            role: 'user',
            content: [
              { type: 'tool_result', tool_use_id: 't0', content: 'a cat' },
              { type: 'text', text: 'And?' },
            ],
          },
        ],
      });
    }));

  it.each([
    ['end_turn', 'stop'],
    ['max_tokens', 'length'],
    ['refusal', 'filtered'],
  ])('that end by %s ended by %s', (reason, finish) =>
    booted.as(async () => {
      server.reply({ steps: [START, text(0, 'x'), ...end(reason)] });
      expect((await ask(booted, { model })).result).toMatchObject({ finish });
    }),
  );

  it('that break off, or report an error, are a typed error', () =>
    booted.as(async () => {
      server.reply({ steps: [START, text(0, 'half'), { stop: true }] });
      expect((await ask(booted, { model })).error).toMatchObject({
        problem: { code: 'MODEL_UNAVAILABLE', params: { reason: expect.stringMatching(/broke off/) } },
      });
      const overloaded = event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
      server.reply({ steps: [START, text(0, 'half'), overloaded] });
      expect((await ask(booted, { model })).error).toMatchObject({
        problem: { params: { reason: expect.stringMatching(/overloaded/) } },
      });
    }));

  it.each<[object, string]>([
    [{ seed: 1 }, 'seed'],
    [{ presencePenalty: 1 }, 'presencePenalty'],
    [{ temperature: 1.5 }, 'temperature'],
    [{ responseFormat: { type: 'json' } }, 'responseFormat'],
    [
      {
        messages: [
          ...HI,
          { role: 'assistant', content: '', toolCalls: [{ id: 't', name: 'f', arguments: '{oops' }] },
        ],
      },
      'messages.1.toolCalls',
    ],
  ])('have no place for %j, which is said before the call', (input, field) =>
    booted.as(async () => {
      server.reply({ status: 500 });
      const { error } = await ask(booted, { model, ...input });
      expect(error).toMatchObject({ problem: { code: 'MODEL_LACKS', params: { model, field } } });
      expect(server.requests).toHaveLength(0);
    }),
  );
});
