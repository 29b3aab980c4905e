import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';

/**
 * One file upload after the GraphQL multipart request specification, streamed from disk.
 * @see https://github.com/jaydenseric/graphql-multipart-request-spec
 * @param onBytes told of each piece that has been handed to the network
 */
export function uploadBody(
  query: string,
  variables: Record<string, unknown>,
  fileVariable: string,
  path: string,
  onBytes: (count: number) => void,
): { body: ReadableStream; headers: Record<string, string> } {
  const boundary = `midplane-${randomUUID()}`;
  const field = (name: string, value: unknown) =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${JSON.stringify(value)}\r\n`;
  const fileName = basename(path).replace(/["\\\r\n]/g, '_');

  async function* parts() {
    yield field('operations', { query, variables });
    yield field('map', { 0: [`variables.${fileVariable}`] });
    yield `--${boundary}\r\ncontent-disposition: form-data; name="0"; filename="${fileName}"\r\ncontent-type: application/octet-stream\r\n\r\n`;
    for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
      yield piece;
      onBytes(piece.length);
    }
    yield `\r\n--${boundary}--\r\n`;
  }
  return {
    body: Readable.toWeb(Readable.from(parts(), { objectMode: false })) as ReadableStream,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}
