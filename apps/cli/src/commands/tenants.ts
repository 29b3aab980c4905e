import type { OperatorClient } from '../client/operator.js';
import { say } from '../messages.js';
import { print, printJson, printTable } from '../output/terminal.js';

/** `midplane tenants create`: the key of the tenant's administrator is printed once */
export async function createTenant(
  client: OperatorClient,
  name: string,
  options: { json?: boolean },
): Promise<number> {
  const created = await client.createTenant(name);
  if (options.json) printJson(created);
  else {
    process.stderr.write(`${say('madeTenant', { name: created.tenant.name, id: created.tenant.id })}\n`);
    process.stderr.write(`${say('keyOnce')}\n`);
    print(created.key);
  }
  return 0;
}

/** `midplane tenants list` */
export async function listTenants(client: OperatorClient, options: { json?: boolean }): Promise<number> {
  const tenants = await client.tenants();
  if (options.json) printJson(tenants);
  else {
    printTable(
      ['ID', 'Name', 'Since'],
      tenants.map(({ id, name, createdAt }) => [id, name, createdAt]),
    );
  }
  return 0;
}
