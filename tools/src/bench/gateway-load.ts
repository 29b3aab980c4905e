import { Client } from 'undici';
import type { Gateway } from './gateway-peers.ts';

/** What is asked for: a whole answer; a stream of one token every few milliseconds; one of tokens without a pause. */
export type Kind = 'whole' | 'stream' | 'flood';

/** What the model is told to stream. */
const PROMPTS: Record<Kind, string> = { whole: 'hi', stream: 'paced', flood: 'flood' };

export interface Load {
  /** Of each answer: until its last byte, or where it is streamed until its first token; milliseconds, sorted. */
  times: number[];
  /** For how long it was asked. */
  seconds: number;
  perSecond: number;
  /** Tokens a second of all streams together. */
  tokensPerSecond: number;
  failed: number;
}

/** @returns what several turns came to */
export function together(turns: readonly Load[]): Load {
  const sum = (of: (turn: Load) => number) => turns.reduce((total, turn) => total + of(turn), 0);
  const seconds = sum((turn) => turn.seconds);
  const times = turns.flatMap((turn) => turn.times);
  return {
    times: times.sort((a, b) => a - b),
    seconds,
    perSecond: times.length / seconds,
    tokensPerSecond: sum((turn) => turn.tokensPerSecond * turn.seconds) / seconds,
    failed: sum((turn) => turn.failed),
  };
}

interface Answer {
  ms: number;
  tokens: number;
}

/** How the model's every token begins an answer's text; several may come in one piece. */
const FIRST = '"content":"token ';
const TOKEN = 'token ';

/** Keeps so many requests going, each over a connection of its own that is kept. @param ms for how long */
export async function load(gateway: Gateway, kind: Kind, connections: number, ms: number): Promise<Load> {
  const url = new URL(`${gateway.baseUrl}/chat/completions`);
  const body = JSON.stringify({
    model: gateway.model,
    messages: [{ role: 'user', content: PROMPTS[kind] }],
    stream: kind !== 'whole',
    // More than the model ever sends: who sends more than it may has lost its way.
    max_tokens: 400,
  });
  const headers = { 'content-type': 'application/json', ...gateway.headers };
  const times: number[] = [];
  let tokens = 0;
  let failed = 0;
  const begun = performance.now();
  const worker = async () => {
    const client = new Client(url.origin, { pipelining: 1 });
    while (performance.now() - begun < ms) {
      const answer = await ask(client, url.pathname, headers, body, kind);
      if (!answer) {
        failed++;
        continue;
      }
      times.push(answer.ms);
      tokens += answer.tokens;
    }
    await client.close();
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const seconds = (performance.now() - begun) / 1000;
  return {
    times: times.sort((a, b) => a - b),
    seconds,
    perSecond: times.length / seconds,
    tokensPerSecond: tokens / seconds,
    failed,
  };
}

/** @returns undefined where the answer is none, or not whole */
function ask(
  client: Client,
  path: string,
  headers: Record<string, string>,
  body: string,
  kind: Kind,
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const begun = performance.now();
    let status = 0;
    let text = '';
    let first: number | undefined;
    client.dispatch(
      { path, method: 'POST', headers, body },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_, code) => void (status = code),
        onResponseData: (_, bytes) => {
          text += bytes.toString('latin1');
          if (first === undefined && text.includes(FIRST)) first = performance.now() - begun;
        },
        onResponseEnd: () => {
          const whole = kind === 'whole' ? text.includes(TOKEN) : text.includes('[DONE]');
          const ms = kind === 'whole' ? performance.now() - begun : first;
          const tokens = kind === 'whole' ? 0 : text.split(TOKEN).length - 1;
          resolve(status === 200 && whole && ms !== undefined ? { ms, tokens } : undefined);
        },
        onResponseError: () => resolve(undefined),
      },
    );
  });
}
