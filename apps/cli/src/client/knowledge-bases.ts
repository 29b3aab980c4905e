import { say } from '../messages.js';
import { type Client, CommandError, expect, type ProblemResult } from './client.js';

export interface KnowledgeBase {
  __typename: 'KnowledgeBase';
  id: string;
  name: string;
  documentCount: number;
  chunkCount: number;
}

/** @returns every knowledge base that the key may read */
export async function listBases(client: Client): Promise<KnowledgeBase[]> {
  const bases: KnowledgeBase[] = [];
  for (let after: string | null = null; ;) {
    const page: {
      knowledgeBases: {
        nodes: KnowledgeBase[];
        pageInfo: { endCursor: string | null; hasNextPage: boolean };
      };
    } = await client.request(
      `query ($after: String) { knowledgeBases(first: 100, after: $after) {
         nodes { __typename id name documentCount chunkCount } pageInfo { endCursor hasNextPage } } }`,
      { after },
    );
    bases.push(...page.knowledgeBases.nodes);
    if (!page.knowledgeBases.pageInfo.hasNextPage) return bases;
    after = page.knowledgeBases.pageInfo.endCursor;
  }
}

/**
 * @param name of the base; without one, the only base there is
 * @throws CommandError where it can't be told which is meant
 */
export async function findBase(client: Client, name: string | undefined): Promise<KnowledgeBase> {
  const bases = await listBases(client);
  const names = bases.map((base) => base.name).join(', ');
  if (bases.length === 0) throw new CommandError(say('noBases'));
  if (name === undefined) {
    if (bases.length > 1) throw new CommandError(say('manyBases', { names }));
    return bases[0]!;
  }
  const found = bases.find((base) => base.name === name || base.id === name);
  if (!found) throw new CommandError(say('noBase', { name, names }));
  return found;
}

/** @returns the bases to ask: the named one, or all */
export async function basesToAsk(client: Client, name: string | undefined): Promise<KnowledgeBase[]> {
  if (name !== undefined) return [await findBase(client, name)];
  const bases = await listBases(client);
  if (bases.length === 0) throw new CommandError(say('noBases'));
  return bases;
}

/** @returns the base of this name, made where it is missing; without a name the only one there is */
export async function findOrMakeBase(
  client: Client,
  name: string | undefined,
): Promise<{ base: KnowledgeBase; made: boolean }> {
  const bases = await listBases(client);
  if (name === undefined && bases.length > 0) return { base: await findBase(client, undefined), made: false };
  const wanted = name ?? 'default';
  const found = bases.find((base) => base.name === wanted || base.id === wanted);
  if (found) return { base: found, made: false };
  const { createKnowledgeBase } = await client.request<{
    createKnowledgeBase: KnowledgeBase | ProblemResult;
  }>(
    `mutation ($input: CreateKnowledgeBaseInput!) { createKnowledgeBase(input: $input) {
       __typename ... on KnowledgeBase { id name documentCount chunkCount } ... on Problem { code message } } }`,
    { input: { name: wanted } },
  );
  return { base: expect(createKnowledgeBase, 'KnowledgeBase'), made: true };
}
