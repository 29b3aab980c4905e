import pg from 'pg';
import { startUpstream } from './gateway-peers.ts';
import { type GatewayProcess, makeModel, makeRoute, startGatewayProcess } from './gateway-process.ts';
import { LlamaServer } from './llama.ts';
import { freePort } from './platform-process.ts';

/**
 * `npm run bench:faults`: a real model server killed with SIGKILL in mid-stream and started again: what the client got,
 * what the ledger says. The faults that a fake model can show are tests: libs/models/src/call/faults.test.ts. Says so
 * and ends well where llama-server or its weights can't be had.
 */
interface Got {
  tokens: number;
  /** Whether the stream says that it is whole. */
  done: boolean;
  /** Code of the error that ended it. */
  error: string | undefined;
  restarted: boolean;
  text: string;
}

/** Asks for a stream. @param onToken is told how many have come */
async function ask(
  { url, headers }: GatewayProcess,
  model: string,
  onInterruption: 'fail' | 'restart',
  onToken: (tokens: number) => void = () => undefined,
): Promise<Got> {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({
      model,
      stream: true,
      max_tokens: 200,
      temperature: 0,
      messages: [{ role: 'user', content: 'Tell a long story about a lighthouse keeper and the sea.' }],
      midplane: { onInterruption },
    }),
  });
  const got: Got = { tokens: 0, done: false, error: undefined, restarted: false, text: '' };
  let rest = '';
  for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split('\n');
    rest = lines.pop()!;
    for (const line of lines) read(line, got);
    onToken(got.tokens);
  }
  // An answer that never began is its error alone.
  if (rest) read(`data: ${rest}`, got);
  return got;
}

function read(line: string, got: Got): void {
  if (!line.startsWith('data: ')) return;
  const data = line.slice('data: '.length);
  if (data === '[DONE]') {
    got.done = true;
    return;
  }
  const chunk = JSON.parse(data) as {
    error?: { code?: string };
    midplane?: { restarted?: object };
    choices?: { delta?: { content?: string } }[];
  };
  if (chunk.error) got.error = chunk.error.code ?? 'error';
  if (chunk.midplane?.restarted) {
    got.restarted = true;
    got.text = '';
  }
  const content = chunk.choices?.[0]?.delta?.content;
  if (!content) return;
  got.tokens++;
  got.text += content;
}

/** The last row of the ledger, once there are so many. */
async function ledger(client: pg.Client, rows: number): Promise<string> {
  for (;;) {
    const { rows: found } = await client.query<{
      outcome: string;
      attempts: number;
      restarts: number;
      model: string;
    }>('select outcome, attempts, restarts, model from model_call order by id');
    const last = found.at(-1);
    if (last && found.length >= rows)
      return `${last.outcome}; ${last.model}; attempts ${last.attempts}, restarts ${last.restarts}`;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function main(): Promise<void> {
  const llama = await LlamaServer.install(await freePort()).catch((error: Error) => {
    process.stdout.write(`Left out: no llama-server can be had here. ${error.message.split('\n')[0]}\n`);
    return undefined;
  });
  if (!llama) return;
  const other = await startUpstream();
  const gateway = await startGatewayProcess();
  const client = new pg.Client({ connectionString: gateway.databaseUrl });
  await client.connect();
  try {
    await llama.start();
    const first = await makeModel(gateway, 'llama', llama.url);
    const second = await makeModel(gateway, 'other', other.baseUrl);
    await makeRoute(gateway, 'alone', first);
    await makeRoute(gateway, 'both', first, second);
    const killAfter = (tokens: number) => {
      let killed = false;
      return (came: number) => {
        if (came < tokens || killed) return;
        killed = true;
        void llama.kill();
      };
    };
    const rows: [what: string, got: Got, right: boolean][] = [];
    const row = async (what: string, got: Got, right: (got: Got) => boolean) => {
      rows.push([what, got, right(got)]);
      const came = `${got.tokens} pieces${got.restarted ? ', begun anew' : ''}, ${got.done ? 'whole' : `error ${got.error}`}`;
      process.stdout.write(
        `| ${what} | ${came} | ${await ledger(client, rows.length)} | ${right(got) ? 'yes' : 'NO'} |\n`,
      );
    };
    process.stdout.write(
      '| llama-server | the client got | the ledger says | as it should be |\n|---|---|---|---|\n',
    );
    const unavailable = (got: Got) => !got.done && got.error === 'MODEL_UNAVAILABLE';
    await row(
      'killed after 5 pieces',
      await ask(gateway, 'alone', 'fail', killAfter(5)),
      (got) => unavailable(got) && got.tokens >= 5,
    );
    await row('is gone', await ask(gateway, 'alone', 'fail'), (got) => unavailable(got) && got.tokens === 0);
    await llama.start();
    await row(
      'started again',
      await ask(gateway, 'alone', 'fail'),
      (got) => got.done && !got.error && got.tokens > 5,
    );
    await row(
      'killed, another model takes over',
      await ask(gateway, 'both', 'restart', killAfter(5)),
      (got) => got.done && got.restarted && got.text.startsWith('token '),
    );
    await llama.start();
    await row(
      'started again, serves again',
      await ask(gateway, 'both', 'restart'),
      (got) => got.done && !got.restarted && !got.text.startsWith('token '),
    );
    if (rows.some(([, , right]) => !right)) process.exitCode = 1;
  } finally {
    await llama.kill();
    await client.end();
    await gateway.stop();
    await other.stop();
  }
}

await main();
