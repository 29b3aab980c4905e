import pg from 'pg';

/** The columns of a row as they are sent: text as UTF-8, a boolean as one byte. */
export type CopiedRow = (Buffer | null)[];

/** The signature, flags, and the length of a header's extension; each row then begins with its number of columns. */
const HEADER_BYTES = 19;

/** @returns the statement that sends a query's rows in Postgres's binary format */
export const copyOf = (query: string): string => `copy (${query}) to stdout (format binary)`;

/**
 * Reads rows in Postgres's binary format. For columns of many bytes: pg reads every value as text, which Postgres has to
 * write as digits, twice as long, and pg to read again.
 * @param message statements, one of them by {@link copyOf}
 * @param onRow gets each row as it comes; its columns are only there until it returns
 * @throws whatever `onRow` throws, after all rows have come
 * @see https://www.postgresql.org/docs/18/sql-copy.html#SQL-COPY-FILE-FORMATS
 */
export async function copyRows(
  client: pg.ClientBase,
  message: string,
  onRow: (row: CopiedRow) => void,
): Promise<void> {
  await client.query(new CopyOut(message, onRow)).ended;
}

/** A query whose rows come by COPY, as pg's client takes what is not a query of its own. */
class CopyOut implements pg.Submittable {
  readonly ended: Promise<void>;
  private readonly resolve: () => void;
  private readonly reject: (reason: unknown) => void;
  private begun = false;
  /** What the first row met that could not be taken. */
  private failure: { reason: unknown } | undefined;

  constructor(
    private readonly text: string,
    private readonly onRow: (row: CopiedRow) => void,
  ) {
    ({ promise: this.ended, resolve: this.resolve, reject: this.reject } = Promise.withResolvers<void>());
  }

  submit(connection: pg.Connection): void {
    (connection as unknown as { query(text: string): void }).query(this.text);
  }

  /** A message is a row; the first begins with the header, and the last is no row. */
  handleCopyData({ chunk }: { chunk: Buffer }): void {
    const at = this.begun ? 0 : HEADER_BYTES;
    this.begun = true;
    if (this.failure) return;
    try {
      const row = rowOf(chunk, at);
      if (row) this.onRow(row);
    } catch (reason) {
      this.failure = { reason };
    }
  }

  handleCommandComplete(): void {
    // The rows are complete when the connection is ready for the next query.
  }

  handleReadyForQuery(): void {
    if (this.failure) this.reject(this.failure.reason);
    else this.resolve();
  }

  handleError(error: unknown): void {
    this.reject(error);
  }
}

/** @returns undefined for what stands behind the last row: -1 columns */
function rowOf(message: Buffer, from: number): CopiedRow | undefined {
  if (from >= message.length) return undefined;
  const columns = message.readInt16BE(from);
  if (columns < 0) return undefined;
  let at = from + 2;
  const row: CopiedRow = [];
  for (let column = 0; column < columns; column++) {
    const length = message.readInt32BE(at);
    at += 4;
    row.push(length < 0 ? null : message.subarray(at, at + length));
    if (length > 0) at += length;
  }
  return row;
}
