// What every npm script goes through: installs what is missing, builds what the target needs, runs it on Node 24.
// Runs on whatever Node (20 or newer) the machine has, before anything is installed: plain JavaScript, no packages.
//
// usage: node tools/bootstrap.cjs TARGET [arguments of the target's last command]
'use strict';

const { spawn, spawnSync } = require('node:child_process');
const { existsSync, readFileSync } = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const modules = path.join(root, 'node_modules');
const node24 = path.join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

const tsc = 'node_modules/typescript/bin/tsc';
const eslint = 'node_modules/eslint/bin/eslint.js';
const prettier = 'node_modules/prettier/bin/prettier.cjs';
const vitest = 'node_modules/vitest/vitest.mjs';

/** The gateway as the container image runs it. */
const gatewayBundle = ['docker/bundle.mjs', 'gateway'];

/** By target: the TypeScript project that is built first, and the commands that Node then runs, one after the other. */
const targets = {
  install: { run: [] },
  start: {
    build: 'apps/platform/tsconfig.lib.json',
    // V8 lets the space of young objects grow to 128 MB under load; with a quarter of it memory stays where it is (bench:soak).
    run: [['--max-semi-space-size=16', 'apps/platform/dist/main.js']],
    // glibc gives each thread a heap of its own and keeps what was freed in it: a quarter of the platform's memory.
    env: { MALLOC_ARENA_MAX: '2' },
  },
  test: { run: [[vitest, 'run', '--project', 'unit']] },
  e2e: { build: '.', run: [[vitest, 'run', '--project', 'e2e']] },
  build: { build: '.', run: [] },
  typecheck: { build: '.', run: [] },
  lint: {
    run: [
      [eslint, '.'],
      [prettier, '--check', '--log-level=warn', '.'],
    ],
  },
  format: { run: [[prettier, '--write', '--log-level=warn', '.']] },
  docs: {
    build: 'tools/tsconfig.lib.json',
    run: [['tools/dist/docs/main.js'], [prettier, '--write', '--log-level=warn', 'README.md']],
  },
  services: { run: [['tools/src/services/main.ts']] },
  'eval:retrieval': { build: 'tools/tsconfig.lib.json', run: [['tools/dist/eval/retrieval.js']] },
  'eval:answers': {
    build: 'tools/tsconfig.lib.json',
    // `--fit` keeps what it saw of every question: some 5 GB of 1,000 of each set.
    run: [['--max-old-space-size=8192', 'tools/dist/eval/answers/main.js']],
  },
  'eval:follow-ups': { build: 'tools/tsconfig.lib.json', run: [['tools/dist/eval/follow-ups.js']] },
  'eval:centres': { build: 'tools/tsconfig.lib.json', run: [['tools/dist/eval/centres.js']] },
  lexicon: { build: 'tools/tsconfig.lib.json', run: [['tools/dist/lexicon.js']] },
  'bench:search': { build: 'tools/tsconfig.lib.json', run: [['tools/dist/bench/search.js']] },
  'bench:scale': { build: 'tools/tsconfig.lib.json', run: [['tools/dist/bench/scale.js']] },
  'bench:gateway': {
    build: 'tools/tsconfig.lib.json',
    run: [gatewayBundle, ['tools/dist/bench/gateway.js']],
  },
  'bench:inference': { build: 'tools/tsconfig.lib.json', run: [['tools/dist/bench/inference.js']] },
  'bench:faults': { build: 'tools/tsconfig.lib.json', run: [gatewayBundle, ['tools/dist/bench/faults.js']] },
  'bench:soak': { build: 'tools/tsconfig.lib.json', run: [gatewayBundle, ['tools/dist/bench/soak.js']] },
  'bench:ingest': { build: 'tools/tsconfig.lib.json', run: [['tools/dist/bench/ingest.js']] },
};

function say(line) {
  process.stderr.write(`${line}\n`);
}

/** True where node_modules holds exactly what package-lock.json asks for, whichever command of npm put it there. */
function installed() {
  const note = path.join(modules, '.package-lock.json');
  if (!existsSync(node24) || !existsSync(note)) return false;
  const wanted = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  const found = JSON.parse(readFileSync(note, 'utf8')).packages;
  return Object.entries(wanted).every(([name, entry]) => {
    if (name === '') return true;
    // Packages for other platforms stand in the lock file and are left out of the folder.
    if (!found[name]) return Boolean(entry.optional || entry.devOptional || entry.peer);
    return found[name].version === entry.version && found[name].resolved === entry.resolved;
  });
}

/** The machine's own PATH: npm puts node_modules/.bin first, whose Node `npm ci` takes away while it runs. */
function pathOutside() {
  const entries = (process.env.PATH || '').split(path.delimiter);
  return entries.filter((entry) => !entry.endsWith(path.join('node_modules', '.bin'))).join(path.delimiter);
}

function install() {
  say('Installing packages (a minute or two, once) …');
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env: { ...process.env, PATH: pathOutside() },
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (result.status === 0) return;
  say(`npm ci failed${result.error ? `: ${result.error.message}` : ''}. Nothing was started.`);
  process.exit(result.status || 1);
}

function build(project) {
  const first = !existsSync(path.join(root, 'libs/contracts/dist'));
  if (first) say('Building (half a minute, once) …');
  const result = spawnSync(node24, [path.join(root, tsc), '-b', project], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.status !== 0) process.exit(result.status || 1);
}

/**
 * Runs a command as if it were this process: same terminal, signals passed on, its end is our end unless it is 0.
 * `defaults` are variables that the caller's environment may set otherwise.
 */
function run(args, defaults) {
  return new Promise((resolve) => {
    const environment = {
      ...defaults,
      ...process.env,
      PATH: [path.join(modules, '.bin'), process.env.PATH].join(path.delimiter),
    };
    const child = spawn(node24, args, { cwd: root, env: environment, stdio: 'inherit' });
    const pass = (signal) => {
      // Ctrl-C in a terminal reaches the child by itself.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, pass);
    // npm ends at SIGTERM without telling the command that it runs; its end is the only sign of it.
    const parent = process.ppid;
    const watch = setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 500);
    if (!process.env.npm_lifecycle_event) clearInterval(watch);
    child.once('error', (error) => {
      say(error.message);
      process.exit(1);
    });
    child.once('exit', (code, signal) => {
      for (const name of signals) process.removeListener(name, pass);
      clearInterval(watch);
      if (signal) process.kill(process.pid, signal);
      else if (code) process.exit(code);
      else resolve();
    });
  });
}

async function main([name, ...args]) {
  const target = targets[name];
  if (!target) {
    say(`usage: node tools/bootstrap.cjs ${Object.keys(targets).join('|')} [arguments]`);
    process.exit(2);
  }
  if (!installed()) install();
  if (target.build) build(target.build);
  for (const [index, command] of target.run.entries()) {
    await run(index === target.run.length - 1 ? [...command, ...args] : command, target.env);
  }
}

main(process.argv.slice(2));
