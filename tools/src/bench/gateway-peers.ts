import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './platform-process.ts';

const run = promisify(execFile);

/** Versions that the figures are of. */
const PORTKEY = '1.15.2';
const LITELLM = 'litellm[proxy]==1.106.2';
/** With a newer one Portkey's gateway fails every stream: https://github.com/Portkey-AI/gateway/issues/1389 */
const PORTKEY_SERVER = '1.13.8';
/** Beside the folders that git knows; kept, so that a second run downloads nothing. */
const CACHE = resolve(import.meta.dirname, '../../../.cache/bench');
const UPSTREAM = resolve(import.meta.dirname, 'gateway-upstream.js');

/** Something that answers OpenAI's chat protocol. */
export interface Gateway {
  name: string;
  /** Up to `/v1`. */
  baseUrl: string;
  headers: Record<string, string>;
  /** What to ask for. */
  model: string;
  pid: number;
  stop(): Promise<void>;
}

/** What a request needs. */
type Reached = Pick<Gateway, 'baseUrl' | 'headers' | 'model'>;

/** Starts the model that all gateways stand before. */
export async function startUpstream(): Promise<Gateway> {
  const port = await freePort();
  const child = spawn(process.execPath, [UPSTREAM, String(port)], { stdio: 'ignore' });
  const baseUrl = `http://127.0.0.1:${port}/v1`;
  return started('direct', child, { baseUrl, headers: {}, model: 'bench' });
}

/**
 * Starts Portkey's gateway from npm with the program that its README's `npx @portkey-ai/gateway` runs, on this Node;
 * --headless spares it the page that shows its log.
 */
export async function startPortkey(upstream: string): Promise<Gateway> {
  const folder = join(CACHE, 'portkey');
  const program = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  if (!existsSync(program)) {
    await mkdir(folder, { recursive: true });
    const wanted = {
      private: true,
      dependencies: { '@portkey-ai/gateway': PORTKEY },
      overrides: { '@hono/node-server': PORTKEY_SERVER },
    };
    await writeFile(join(folder, 'package.json'), JSON.stringify(wanted));
    await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'], {
      cwd: folder,
    });
  }
  const port = await freePort();
  const child = spawn(process.execPath, [program, '--headless', `--port=${port}`], {
    stdio: 'ignore',
    env: { ...process.env, NODE_ENV: 'production', MALLOC_ARENA_MAX: '2' },
  });
  const headers = {
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': upstream,
    authorization: 'Bearer none',
  };
  return started('Portkey', child, { baseUrl: `http://127.0.0.1:${port}/v1`, headers, model: 'bench' });
}

/** Starts LiteLLM's proxy in a virtual environment of the bench's own. @throws Error where Python is missing */
export async function startLiteLlm(upstream: string): Promise<Gateway> {
  const venv = join(CACHE, 'litellm');
  const program = join(venv, 'bin', 'litellm');
  if (!existsSync(program)) {
    await mkdir(CACHE, { recursive: true });
    await run('python3', ['-m', 'venv', venv]);
    await run(join(venv, 'bin', 'pip'), ['install', '--quiet', LITELLM], { timeout: 600_000 });
  }
  const folder = await mkdtemp(join(tmpdir(), 'midplane-litellm-'));
  const config = join(folder, 'config.yaml');
  const model = { model: 'openai/bench', api_base: upstream, api_key: 'none' };
  const settings = {
    model_list: [{ model_name: 'bench', litellm_params: model }],
    general_settings: { master_key: 'sk-bench' },
  };
  await writeFile(config, JSON.stringify(settings));
  const port = await freePort();
  const child = spawn(program, ['--config', config, '--port', String(port)], {
    stdio: 'ignore',
    env: { ...process.env, LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_LOG: 'ERROR' },
  });
  child.once('exit', () => void rm(folder, { recursive: true, force: true }));
  const headers = { authorization: 'Bearer sk-bench' };
  return started('LiteLLM', child, { baseUrl: `http://127.0.0.1:${port}/v1`, headers, model: 'bench' });
}

/** @returns whether it answers a question */
export async function answers({ baseUrl, headers, model }: Reached): Promise<boolean> {
  const answer = await fetch(`${baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }),
  }).catch(() => undefined);
  await answer?.arrayBuffer();
  return answer?.ok ?? false;
}

async function started(name: string, child: ChildProcess, how: Reached): Promise<Gateway> {
  let gone: Error | undefined;
  child.once('error', (error) => (gone = error));
  // A bench that fails half-way leaves nothing running.
  process.once('exit', () => child.kill());
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill();
    await exited;
  };
  for (let waited = 0; waited < 180_000 && !gone && child.exitCode === null; waited += 500) {
    if (await answers(how)) return { name, ...how, pid: child.pid!, stop };
    await sleep(500);
  }
  if (!gone) await stop();
  throw gone ?? new Error(`${name} did not come up`);
}

/** @returns resident memory of a process and all that it started, in MiB; as Linux has it */
export async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const own = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const pids = children.split(' ').filter((text) => text !== '');
  const sums = await Promise.all(pids.map((each) => memoryOf(Number(each))));
  return own + sums.reduce((sum, each) => sum + each, 0);
}
