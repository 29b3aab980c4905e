import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';

/** Values that a query may have, as pg takes them. */
type Value = string | number | boolean | null | readonly string[];

/** The signature, flags, and the length of a header's extension; each row then begins with its number of columns. */
const HEADER_BYTES = 19;

/**
 * A query's rows in Postgres's binary format, by COPY. For columns of many bytes: pg reads every value as text, which
 * Postgres has to write as digits, twice as long, and pg to read again.
 * @param text with parameters $1, $2, …; COPY takes none, so their values are written into it as quoted literals
 * @returns for each row its columns as they are sent: text as UTF-8, a boolean as one byte
 * @see https://www.postgresql.org/docs/18/sql-copy.html#SQL-COPY-FILE-FORMATS
 */
export async function copyRows(
  client: pg.ClientBase,
  text: string,
  values: readonly unknown[],
): Promise<(Buffer | null)[][]> {
  const query = text.replace(/\$(\d+)/g, (_, number: string) => literal(values[Number(number) - 1] as Value));
  const parts: Buffer[] = [];
  for await (const part of client.query(copyTo(`copy (${query}) to stdout (format binary)`)))
    parts.push(part as Buffer);
  return readRows(Buffer.concat(parts));
}

function literal(value: Value): string {
  if (value === undefined) throw new Error('A parameter of the query has no value.');
  if (value === null) return 'null';
  const plain = Array.isArray(value) ? arrayText(value) : String(value);
  return pg.escapeLiteral(plain);
}

/** As Postgres reads an array of texts. */
const arrayText = (values: readonly string[]): string =>
  `{${values.map((value) => `"${value.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`;

function readRows(bytes: Buffer): (Buffer | null)[][] {
  const rows: (Buffer | null)[][] = [];
  let at = HEADER_BYTES;
  // Behind the last row stands -1.
  for (let columns = bytes.readInt16BE(at); columns >= 0; columns = bytes.readInt16BE(at)) {
    at += 2;
    rows.push(
      Array.from({ length: columns }, () => {
        const length = bytes.readInt32BE(at);
        at += 4;
        if (length < 0) return null;
        at += length;
        return bytes.subarray(at - length, at);
      }),
    );
  }
  return rows;
}
