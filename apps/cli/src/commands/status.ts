import type { Client } from '../client/client.js';
import { print, printJson } from '../output/terminal.js';

/** `midplane status` */
export async function status(client: Client, options: { json?: boolean }): Promise<number> {
  const { status: now } = await client.request<{ status: unknown }>('query { status }');
  if (options.json) printJson(now);
  else print(JSON.stringify(now, null, 2));
  return 0;
}
