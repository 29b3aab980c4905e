import { invalidInput } from '@midplane/kernel';
import { z } from 'zod';
import type { Parameters } from './parameters.js';

/** Comparisons of a range, and the SQL of each. */
const COMPARISONS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;
type Comparison = keyof typeof COMPARISONS;

const MAX_FIELDS = 20;
const MAX_VALUES = 100;

const Scalar = z.union([z.string().max(1000), z.number(), z.boolean()]);
const Bound = z.union([z.string().max(1000), z.number()]);
const Range = z
  .strictObject({ gt: Bound.optional(), gte: Bound.optional(), lt: Bound.optional(), lte: Bound.optional() })
  .refine((range) => Object.keys(range).length > 0);

type Condition =
  | { field: string; anyOf: z.infer<typeof Scalar>[] }
  | { field: string; comparison: Comparison; bound: z.infer<typeof Bound> };

/** What documents a search is limited to, by their metadata; all conditions have to hold. */
export type MetadataFilter = Condition[];

/**
 * Reads a filter as callers write it: `{"dept": "HR"}`, `{"dept": ["HR", "Legal"]}` (any of them),
 * `{"year": {"gte": 2020, "lt": 2024}}`.
 * @throws UserError INVALID_INPUT that names the field
 */
export function parseMetadataFilter(filter: Record<string, unknown> | undefined): MetadataFilter {
  const fields = Object.entries(filter ?? {});
  if (fields.length > MAX_FIELDS) {
    throw invalidInput('filter', {
      en: `expected at most ${MAX_FIELDS} fields`,
      zh: `不得超过 ${MAX_FIELDS} 个字段`,
    });
  }
  return fields.flatMap(([field, condition]) => parseCondition(field, condition));
}

function parseCondition(field: string, condition: unknown): Condition[] {
  const values = z
    .array(Scalar)
    .min(1)
    .max(MAX_VALUES)
    .safeParse(Array.isArray(condition) ? condition : [condition]);
  if (values.success) return [{ field, anyOf: values.data }];
  const range = Range.safeParse(condition);
  if (!range.success)
    throw invalidInput(`filter.${field}`, {
      en: `expected a string, number or boolean, a list of 1 to ${MAX_VALUES} of them, or a range of gt, gte, lt, lte`,
      zh: `应为字符串、数字或布尔值，或由 1 到 ${MAX_VALUES} 个此类值组成的列表，或由 gt、gte、lt、lte 表示的范围`,
    });
  return Object.entries(range.data).map(([comparison, bound]) => ({
    field,
    comparison: comparison as Comparison,
    bound: bound as z.infer<typeof Bound>,
  }));
}

/**
 * The filter as SQL over `d.metadata`, beginning with `and`, or nothing. A field that holds a list fulfils a value
 * where one of the list does. A range holds for values of the bound's own type only.
 */
export function metadataSql(filter: MetadataFilter, parameters: Parameters): string {
  return filter.map((condition) => `\n    and ${conditionSql(condition, parameters)}`).join('');
}

function conditionSql(condition: Condition, parameters: Parameters): string {
  if ('anyOf' in condition) {
    const forms = condition.anyOf.flatMap((value) =>
      [value, [value]].map((form) => JSON.stringify({ [condition.field]: form })),
    );
    return `d.metadata @> any (${parameters.add(forms)}::jsonb[])`;
  }
  const field = `d.metadata -> ${parameters.add(condition.field)}`;
  const bound = `${parameters.add(JSON.stringify(condition.bound))}::jsonb`;
  const type = typeof condition.bound === 'number' ? 'number' : 'string';
  return `(jsonb_typeof(${field}) = '${type}' and ${field} ${COMPARISONS[condition.comparison]} ${bound})`;
}
