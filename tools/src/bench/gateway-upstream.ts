import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';

/**
 * A chat model that answers at once, in a process of its own. Argument: port. Asked "paced", it streams TOKENS pieces,
 * one each TOKEN_MS, so that a gateway that holds pieces back shows; asked "flood", FLOOD pieces, one by one, as fast as
 * they are taken, so that what a gateway can pass on shows and not the model's pace.
 */
const TOKENS = 20;
const TOKEN_MS = 5;
const FLOOD = 200;
const port = Number(process.argv[2]);
const usage = { prompt_tokens: 10, completion_tokens: TOKENS, total_tokens: 10 + TOKENS };
const common = { id: 'chatcmpl-1', created: 1, model: 'bench' };

const chunk = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ ...common, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
/** Each another one: LiteLLM takes a hundred equal ones for a model that has lost its way. */
const PIECES = Array.from({ length: FLOOD }, (_, i) => chunk({ content: `token ${i} ` }));
const LAST = `${chunk({}, 'stop')}data: ${JSON.stringify({ ...common, object: 'chat.completion.chunk', choices: [], usage })}\n\ndata: [DONE]\n\n`;
const WHOLE = JSON.stringify({
  ...common,
  object: 'chat.completion',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'token '.repeat(TOKENS) }, finish_reason: 'stop' },
  ],
  usage,
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const body = JSON.parse(Buffer.concat(parts).toString()) as {
    stream?: boolean;
    messages: { content: unknown }[];
  };
  if (!body.stream) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(WHOLE);
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const asked = JSON.stringify(body.messages.at(-1)?.content);
  if (asked.includes('paced')) await write(response, TOKENS, () => sleep(TOKEN_MS));
  else if (asked.includes('flood')) await write(response, FLOOD, () => immediate());
  else response.write(PIECES.slice(0, TOKENS).join(''));
  response.end(LAST);
}

/** Writes so many tokens, one by one. @param pause after each */
async function write(response: ServerResponse, tokens: number, pause: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < tokens; i++) {
    response.write(PIECES[i]!);
    await pause();
  }
}

// Who goes away before the end takes nobody else along.
const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});
server.listen(port, '127.0.0.1');
