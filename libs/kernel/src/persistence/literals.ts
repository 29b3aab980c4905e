/** A statement with parameters $1, $2, … and their values. */
export interface Query {
  text: string;
  /** Texts, numbers, booleans, null, lists of texts, numbers or null. */
  values: readonly unknown[];
}

/**
 * A query with its values written into it as quoted literals, which Postgres gives the types that parameters get: COPY
 * takes no parameters, and neither does a message of several statements.
 * @throws Error for a parameter without a value, or with one of another kind
 */
export const withLiterals = ({ text, values }: Query): string =>
  text.replace(/\$(\d+)/g, (_, number: string) => literal(values[Number(number) - 1]));

function literal(value: unknown): string {
  if (value === null) return 'null';
  if (isList(value)) return quoted(arrayText(value));
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' || typeof value === 'boolean') return quoted(String(value));
  throw new Error('A parameter of the query has no value that can be written into it.');
}

/**
 * As pg's `escapeLiteral`, which goes through a text character by character: a second for 100 MB.
 * @see https://www.postgresql.org/docs/18/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS-ESCAPE
 * @throws Error for U+0000, which would end the message
 */
function quoted(text: string): string {
  if (text.includes('\0')) throw new Error('Postgres takes no text with U+0000.');
  return text.includes('\\') ? ` E'${text.replace(/['\\]/g, '$&$&')}'` : `'${text.replaceAll("'", "''")}'`;
}

type Item = string | number | null;

const isList = (value: unknown): value is readonly Item[] =>
  Array.isArray(value) &&
  value.every((each) => each === null || typeof each === 'string' || typeof each === 'number');

/** As Postgres reads an array. */
const arrayText = (values: readonly Item[]): string => `{${values.map(itemText).join(',')}}`;

const itemText = (value: Item): string =>
  value === null ? 'null' : `"${String(value).replace(/[\\"]/g, '\\$&')}"`;
