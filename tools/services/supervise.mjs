// Runs one server for as long as the process that started this one lives.
//
// The parent keeps our standard input open. When it closes, because the parent asked for a stop, was
// interrupted or died in any other way, the server is told to stop, killed if it does not, and what it left
// behind is removed. This process is a session of its own, so that Ctrl-C in a terminal reaches only the parent.
//
// argv[2]: JSON {command, args, uid?, gid?, env?, log, signal, cleanup?: [command, ...args], remove?: path[]}
import { spawn, spawnSync } from 'node:child_process';
import { openSync, rmSync } from 'node:fs';

const GRACE_MS = 15_000;
const plan = JSON.parse(process.argv[2]);
const log = openSync(plan.log, 'a', 0o600);
const server = spawn(plan.command, plan.args, {
  uid: plan.uid,
  gid: plan.gid,
  env: { ...process.env, ...plan.env },
  stdio: ['ignore', log, log],
  detached: true,
});

function end(code) {
  if (plan.cleanup) spawnSync(plan.cleanup[0], plan.cleanup.slice(1), { stdio: 'ignore' });
  for (const path of plan.remove ?? []) rmSync(path, { recursive: true, force: true });
  process.exit(code);
}

let stopping = false;
function stop() {
  if (stopping) return;
  stopping = true;
  server.kill(plan.signal);
  setTimeout(() => server.kill('SIGKILL'), GRACE_MS).unref();
}

server.once('error', () => end(127));
server.once('exit', (code) => end(stopping ? 0 : (code ?? 1) || 1));
process.stdin.on('end', stop).on('error', stop).resume();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
