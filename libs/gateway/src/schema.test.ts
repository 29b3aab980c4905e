import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { NestFactory } from '@nestjs/core';
import { GraphQLSchemaBuilderModule, GraphQLSchemaFactory } from '@nestjs/graphql';
import {
  buildSchema,
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { RESOLVERS } from './gateway.module.js';

/** The public contract, as far as it is served: tools, agents and audit come later. */
const CONTRACT = new URL('../schema/contract.graphql', import.meta.url);
/** The generated schema that is committed; `npx vitest run -u libs/gateway/src/schema.test.ts` writes it anew. */
const COMMITTED = '../../../apps/gateway/schema.graphql';

let generated: GraphQLSchema;
beforeAll(async () => {
  const app = await NestFactory.createApplicationContext(GraphQLSchemaBuilderModule, { logger: false });
  generated = lexicographicSortSchema(await app.get(GraphQLSchemaFactory).create([...RESOLVERS]));
  await app.close();
});

/** All that a contract says of a type, a line each, so that a difference names itself. */
function facts(type: GraphQLNamedType): string[] {
  const named = [type.name, ...described(type.name, type)];
  if (isObjectType(type) || isInterfaceType(type)) {
    const fields = Object.values(type.getFields()).flatMap((field) => {
      const name = `${type.name}.${field.name}`;
      const args = field.args.map(
        (argument) =>
          `${name}(${argument.name}: ${argument.type} = ${JSON.stringify(argument.defaultValue)})`,
      );
      return [`${name}: ${field.type}`, ...described(name, field), ...args];
    });
    return [
      ...named,
      ...type.getInterfaces().map((each) => `${type.name} implements ${each.name}`),
      ...fields,
    ];
  }
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).flatMap((field) => {
      const name = `${type.name}.${field.name}`;
      return [`${name}: ${field.type} = ${JSON.stringify(field.defaultValue)}`, ...described(name, field)];
    });
    return [...named, ...fields];
  }
  if (isUnionType(type))
    return [...named, ...type.getTypes().map((member) => `${type.name} | ${member.name}`)];
  if (isEnumType(type)) return [...named, ...type.getValues().map((value) => `${type.name} = ${value.name}`)];
  return named;
}

const described = (name: string, { description }: { description?: string | null }) =>
  description ? [`${name} "${description}"`] : [];

describe('the generated schema', () => {
  it('holds everything of the contract under the same names, types, defaults and descriptions', async () => {
    const promised = buildSchema(await readFile(CONTRACT, 'utf8'));
    const missing = Object.values(promised.getTypeMap())
      .filter((type) => !type.name.startsWith('__'))
      .flatMap((type) => {
        const ours = generated.getType(type.name);
        const have = new Set(ours ? facts(ours) : []);
        return facts(type).filter((fact) => !have.has(fact));
      });
    expect(missing).toEqual([]);
  });

  it('is the one that is committed', async () => {
    await expect(`${printSchema(generated)}\n`).toMatchFileSnapshot(COMMITTED);
  });
});
