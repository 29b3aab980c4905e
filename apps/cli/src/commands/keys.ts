import { type Client, CommandError, expect, type ProblemResult } from '../client/client.js';
import { say } from '../messages.js';
import { print, printJson, printTable } from '../output/terminal.js';

interface ApiKey {
  __typename: 'ApiKey';
  id: string;
  name: string;
  hint: string;
  roles: string[];
  createdAt: string;
  expiresAt: string | null;
}

interface CreatedApiKey {
  __typename: 'CreatedApiKey';
  key: string;
  apiKey: ApiKey;
}

const FIELDS = '__typename id name hint roles createdAt expiresAt';

/** `midplane keys create`: the key is printed once */
export async function createKey(
  client: Client,
  name: string,
  options: { role: string[]; expires?: string; json?: boolean },
): Promise<number> {
  const expiresAt = options.expires === undefined ? null : new Date(options.expires);
  if (expiresAt && Number.isNaN(expiresAt.getTime())) {
    throw new CommandError(say('badTime', { time: options.expires ?? '' }));
  }
  const { createApiKey } = await client.request<{ createApiKey: CreatedApiKey | ProblemResult }>(
    `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename
       ... on CreatedApiKey { key apiKey { ${FIELDS} } } ... on Problem { code message } } }`,
    { input: { name, roles: options.role, expiresAt } },
  );
  const created = expect(createApiKey, 'CreatedApiKey');
  if (options.json) printJson(created);
  else {
    process.stderr.write(`${say('keyOnce')}\n`);
    print(created.key);
  }
  return 0;
}

/** `midplane keys list` */
export async function listKeys(client: Client, options: { json?: boolean }): Promise<number> {
  const { apiKeys } = await client.request<{ apiKeys: ApiKey[] }>(`query { apiKeys { ${FIELDS} } }`);
  if (options.json) printJson(apiKeys);
  else {
    printTable(
      ['ID', 'Name', 'Key', 'Roles', 'Expires'],
      apiKeys.map(({ id, name, hint, roles, expiresAt }) => [
        id,
        name,
        `…${hint}`,
        roles.join(', '),
        expiresAt ?? '–',
      ]),
    );
  }
  return 0;
}

/** `midplane keys revoke` */
export async function revokeKey(client: Client, id: string, options: { json?: boolean }): Promise<number> {
  const { revokeApiKey } = await client.request<{ revokeApiKey: ApiKey | ProblemResult }>(
    `mutation ($id: ID!) { revokeApiKey(id: $id) {
       ... on ApiKey { ${FIELDS} } ... on Problem { __typename code message } } }`,
    { id },
  );
  const revoked = expect(revokeApiKey, 'ApiKey');
  if (options.json) printJson(revoked);
  else print(say('revoked', { id: revoked.id }));
  return 0;
}
