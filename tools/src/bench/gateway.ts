import { parseArgs } from 'node:util';
import { type Kind, load, type Load, together } from './gateway-load.ts';
import { type Gateway, memoryOf, startLiteLlm, startPortkey, startUpstream } from './gateway-peers.ts';
import { startMidplane } from './gateway-process.ts';

/**
 * `npm run bench:gateway`: this gateway, with authentication, limits and ledger on, Portkey's and LiteLLM's before one
 * and the same fake model, in one run, measured in turns: added latency and requests a second at 1, 16 and 64
 * connections, what a stream waits longer for its first token, tokens a second of a model that does not pause, memory.
 * `-- --seconds 10 --only midplane,portkey`: for how long each figure is measured, and which gateways.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    only: { type: 'string', default: 'midplane,portkey,litellm' },
  },
});
const MS = Number(values.seconds) * 1000;
const CONNECTIONS = [1, 16, 64];
/**
 * What is measured of what is asked for, and judged. Tokens a second are those of a model that does not pause: at the pace
 * of one that does, every gateway that keeps up has the same.
 */
const JUDGED = {
  whole: ['addedP50', 'addedP95', 'addedP99', 'requestsPerSecond'],
  stream: ['addedP50', 'addedP95', 'addedP99'],
  flood: ['tokensPerSecond'],
} as const;
const KINDS = Object.keys(JUDGED) as Kind[];
/** Code is compiled as it is used: the first seconds say nothing. */
const WARM_UP_MS = 3_000;
/**
 * The time of a figure is divided into so many turns, since a machine that others use is not equally fast for long. Each
 * turn begins with another one: who comes after one that needed little is faster by up to a fifth.
 */
const TURNS = 12;
const say = (line: string) => process.stderr.write(`${line}\n`);

interface Cell {
  kind: Kind;
  connections: number;
  gateway: string;
  load: Load;
  /** What `load` is made of, in the order of the turns. */
  turns: Load[];
}

async function startAll(upstream: string): Promise<Gateway[]> {
  const starts = { midplane: startMidplane, portkey: startPortkey, litellm: startLiteLlm };
  const gateways: Gateway[] = [];
  for (const [name, start] of Object.entries(starts)) {
    if (!values.only.split(',').includes(name)) continue;
    const gateway = await start(upstream).catch((error: Error) => {
      say(`${name} is left out: ${error.message.split('\n')[0]}`);
      return undefined;
    });
    if (gateway) gateways.push(gateway);
  }
  return gateways;
}

async function memory(gateways: Gateway[]): Promise<Record<string, number>> {
  const all = await Promise.all(gateways.map(async ({ name, pid }) => [name, await memoryOf(pid)] as const));
  return Object.fromEntries(all);
}

async function measure(gateways: Gateway[]): Promise<Cell[]> {
  for (const gateway of gateways) for (const kind of KINDS) await load(gateway, kind, 16, WARM_UP_MS);
  const cells: Cell[] = [];
  for (const kind of KINDS) {
    for (const connections of CONNECTIONS) {
      const turns: { gateway: string; load: Load }[] = [];
      for (let turn = 0; turn < TURNS; turn++) {
        const from = turn % gateways.length;
        for (const gateway of [...gateways.slice(from), ...gateways.slice(0, from)]) {
          turns.push({ gateway: gateway.name, load: await load(gateway, kind, connections, MS / TURNS) });
        }
      }
      for (const { name } of gateways) {
        const own = turns.flatMap((turn) => (turn.gateway === name ? turn.load : []));
        const measured = together(own);
        cells.push({ kind, connections, gateway: name, load: measured, turns: own });
        say(`${kind} at ${connections}: ${name} ${measured.perSecond.toFixed(0)}/s`);
      }
    }
  }
  return cells;
}

const at = (times: number[], share: number) => times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? NaN;

interface Row {
  kind: Kind;
  connections: number;
  gateway: string;
  /** Milliseconds more than without a gateway: until the answer, or until a stream's first token. */
  addedP50: number;
  addedP95: number;
  addedP99: number;
  requestsPerSecond: number;
  tokensPerSecond: number;
  failed: number;
}

function rowsOf(cells: Cell[]): Row[] {
  return cells
    .filter(({ gateway }) => gateway !== 'direct')
    .map(({ kind, connections, gateway, load: { times, perSecond, tokensPerSecond, failed } }) => {
      const direct = cells.find(
        (cell) => cell.gateway === 'direct' && cell.kind === kind && cell.connections === connections,
      )!.load.times;
      const [addedP50, addedP95, addedP99] = [0.5, 0.95, 0.99].map(
        (share) => at(times, share) - at(direct, share),
      ) as [number, number, number];
      const added = { addedP50, addedP95, addedP99 };
      return {
        ...{ kind, connections, gateway, ...added },
        ...{ requestsPerSecond: perSecond, tokensPerSecond, failed },
      };
    });
}

const OURS = 'Midplane';

/** The figures of a turn; less is better, but for the rates. */
const FIGURES = {
  addedP50: ({ times }: Load) => at(times, 0.5),
  addedP95: ({ times }: Load) => at(times, 0.95),
  addedP99: ({ times }: Load) => at(times, 0.99),
  requestsPerSecond: ({ perSecond }: Load) => -perSecond,
  tokensPerSecond: ({ tokensPerSecond }: Load) => -tokensPerSecond,
};

/**
 * Better in so many turns, one gateway is ahead of another: by chance that happens in one case of 52 (sign test). Where
 * neither is, they are level. Means would not do: one turn with a second's pause outweighs the others.
 */
const CLEARLY = 10;

/** @returns in how many turns ours did better than another one in the same turn */
function wins(ours: Cell, other: Cell, figure: keyof typeof FIGURES): number {
  const value = FIGURES[figure];
  return ours.turns.filter((turn, i) => value(turn) < value(other.turns[i]!)).length;
}

interface Standing {
  /** The figures in which this gateway is level with another. */
  level: string[];
  /** And in which another is ahead. */
  behind: string[];
}

function standingOf(cells: Cell[], start: Record<string, number>, end: Record<string, number>): Standing {
  const standing: Standing = { level: [], behind: [] };
  for (const ours of cells.filter(({ gateway }) => gateway === OURS)) {
    const { kind, connections } = ours;
    const others = cells.filter(
      (cell) =>
        cell.kind === kind &&
        cell.connections === connections &&
        // What failed quickly was not quick.
        !(cell.gateway === OURS || cell.gateway === 'direct' || cell.load.failed > 0),
    );
    for (const figure of JUDGED[kind]) {
      const least = Math.min(...others.map((other) => wins(ours, other, figure)));
      const name = `${kind} at ${connections}: ${figure}`;
      if (ours.load.failed > 0 || least <= TURNS - CLEARLY) standing.behind.push(name);
      else if (least < CLEARLY) standing.level.push(name);
    }
  }
  for (const [when, all] of Object.entries({ start, end })) {
    if (Object.values(all).some((mib) => mib < (all[OURS] ?? 0)))
      standing.behind.push(`memory at the ${when}`);
  }
  return standing;
}

const upstream = await startUpstream();
const gateways = await startAll(upstream.baseUrl);
const start = await memory(gateways);
const cells = await measure([upstream, ...gateways]);
const rows = rowsOf(cells);
const end = await memory(gateways);
await Promise.all(gateways.map((gateway) => gateway.stop()));
await upstream.stop();

const out = (line: string) => process.stdout.write(`${line}\n`);
const table = (head: readonly string[], kind: Kind, cellsOf: (row: Row) => (string | number)[]) => {
  out(`| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}`);
  for (const row of rows.filter((each) => each.kind === kind)) {
    const columns = [row.gateway, row.connections, ...cellsOf(row), row.failed];
    out(`| ${columns.join(' | ')} |`);
  }
  out('');
};
const added = (row: Row) => [row.addedP50, row.addedP95, row.addedP99].map((ms) => ms.toFixed(2));
table(['whole', 'connections', 'added p50 ms', 'p95', 'p99', 'requests/s', 'failed'], 'whole', (row) => [
  ...added(row),
  row.requestsPerSecond.toFixed(0),
]);
table(
  [
    'stream',
    'connections',
    'first token, added p50 ms',
    'p95',
    'p99',
    "tokens/s at the model's pace",
    'failed',
  ],
  'stream',
  (row) => [...added(row), row.tokensPerSecond.toFixed(0)],
);
table(['stream without a pause', 'connections', 'tokens/s', 'failed'], 'flood', (row) => [
  row.tokensPerSecond.toFixed(0),
]);
out('| memory, MiB | after the first answer | at the end |\n|---|---|---|');
for (const { name } of gateways) out(`| ${name} | ${start[name]!.toFixed(0)} | ${end[name]!.toFixed(0)} |`);
out(
  '\nMidplane: `apps/gateway` with the models in the same process, authentication, limits, budgets and ledger on; its ' +
    'Postgres and Redis, like the load and the model, ran on the same machine and are not in its memory. Portkey: no ' +
    'authentication, limits or ledger. LiteLLM: one key, no limits or ledger.',
);
const { level, behind } = standingOf(cells, start, end);
out(behind.length > 0 ? `Not ahead: ${behind.join('; ')}.` : 'No other is ahead in any figure.');
if (level.length > 0) out(`Level, neither better in ${CLEARLY} of the ${TURNS} turns: ${level.join('; ')}.`);
out(`RESULT gateway ${JSON.stringify({ rows, start, end, level, notAhead: behind })}`);
