import type { Type } from '@nestjs/common';
import { Field, Int, ObjectType } from '@nestjs/graphql';
import type { Page } from '@midplane/contracts';

@ObjectType('PageInfo')
export class PageInfo {
  @Field(() => String, { nullable: true })
  endCursor!: string | null;

  @Field(() => Boolean)
  hasNextPage!: boolean;
}

/** One page of a list, as the public contract shapes it. */
export interface Connection<T> {
  nodes: T[];
  pageInfo: PageInfo;
  totalCount: number;
}

/** The GraphQL type of one page of a list of `node`. */
export function connectionOf<T>(name: string, node: Type<T>): Type<Connection<T>> {
  @ObjectType(name)
  class ConnectionType implements Connection<T> {
    @Field(() => [node])
    nodes!: T[];

    @Field(() => PageInfo)
    pageInfo!: PageInfo;

    @Field(() => Int)
    totalCount!: number;
  }
  return ConnectionType;
}

/** A service's page as a connection. */
export function toConnection<T, N>(page: Page<T>, node: (entry: T) => N): Connection<N> {
  const { endCursor, hasNextPage, totalCount } = page;
  return { nodes: page.nodes.map(node), pageInfo: { endCursor, hasNextPage }, totalCount };
}
