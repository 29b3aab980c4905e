import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A chat model that answers at once, in a process of its own. Argument: port. A stream has TOKENS pieces, one each
 * TOKEN_MS, so that a gateway that holds pieces back shows.
 */
const TOKENS = 20;
const TOKEN_MS = 5;
const port = Number(process.argv[2]);
const usage = { prompt_tokens: 10, completion_tokens: TOKENS, total_tokens: 10 + TOKENS };
const common = { id: 'chatcmpl-1', created: 1, model: 'bench' };

const chunk = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ ...common, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const PIECE = chunk({ content: 'token ' });
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
  // "paced": token by token, as a model does; else all at once.
  const paced = JSON.stringify(body.messages.at(-1)?.content).includes('paced');
  if (!paced) {
    response.end(PIECE.repeat(TOKENS) + LAST);
    return;
  }
  for (let i = 0; i < TOKENS; i++) {
    response.write(PIECE);
    await sleep(TOKEN_MS);
  }
  response.end(LAST);
}

// Who goes away before the end takes nobody else along.
const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});
server.listen(port, '127.0.0.1');
