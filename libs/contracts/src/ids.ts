import { z } from 'zod';

/** A UUID of any version; those that Midplane makes are version 7. */
export const Id = z.uuid();

/** Where a list goes on: the id of the last node of the page before, opaque to callers. */
export const PageInput = z.object({
  first: z.int().min(1).max(100).default(20),
  after: z.string().optional(),
});
export type PageInput = z.infer<typeof PageInput>;

/**
 * The shape of one page of a list.
 * @param node schema of one entry
 */
export const pageOf = <T extends z.ZodType>(node: T) =>
  z.object({
    nodes: z.array(node),
    endCursor: z.string().nullable(),
    hasNextPage: z.boolean(),
    totalCount: z.int().min(0),
  });

/** One page of a list, with the count of the whole list. */
export interface Page<T> {
  nodes: T[];
  endCursor: string | null;
  hasNextPage: boolean;
  totalCount: number;
}
