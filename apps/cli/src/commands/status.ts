import type { Client } from '../client/client.js';
import { say } from '../messages.js';
import { bytes, paint, print, printJson } from '../output/terminal.js';

interface Status {
  version: string;
  documents: { status: string; count: number }[];
  storedBytes: number;
  queues: { service: string; waiting: number; running: number }[];
  failedJobCount: number;
  services: { name: string; state: 'UP' | 'DOWN' }[];
  embedders: { name: string; dimension: number }[];
}

const STATUS = `query { status {
  version storedBytes failedJobCount
  documents { status count } queues { service waiting running }
  services { name state } embedders { name dimension } } }`;

/** `midplane status`: @returns 1 where a service is down */
export async function status(client: Client, options: { json?: boolean }): Promise<number> {
  const { status: now } = await client.request<{ status: Status }>(STATUS);
  if (options.json) printJson(now);
  else printStatus(now);
  return now.services.some(({ state }) => state === 'DOWN') ? 1 : 0;
}

function printStatus(now: Status): void {
  const line = (label: string, text: string) => print(`${paint.bold(label)}: ${text}`);
  const stages = now.documents.filter(({ count }) => count > 0);
  line('Midplane', now.version);
  line(
    say('documents'),
    stages.map((each) => `${each.count} ${each.status.toLowerCase()}`).join(', ') || '0',
  );
  line(say('disk'), bytes(now.storedBytes));
  line(say('queues'), now.queues.map((each) => say('queue', { ...each })).join('; ') || say('queuesEmpty'));
  if (now.failedJobCount > 0) line(say('failedJobs'), paint.red(String(now.failedJobCount)));
  line(
    say('services'),
    now.services.map(({ name, state }) => (state === 'UP' ? name : paint.red(`${name} ${state}`))).join(', '),
  );
  line(say('models'), now.embedders.map(({ name, dimension }) => `${name} (${dimension})`).join(', '));
}
