import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A server that speaks as much of S3's protocol as Midplane uses, with its objects in memory. */
export interface FakeS3 {
  endpoint: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Objects by `bucket/key`. */
  objects: Map<string, Buffer>;
  /** Multipart uploads that were begun and neither completed nor aborted. */
  unfinishedUploads(): number;
  /** Answers the next requests of an operation with 503, as an overloaded storage does. */
  failNext(operation: S3Operation, times: number): void;
  close(): Promise<void>;
}

export type S3Operation =
  | 'PutObject'
  | 'GetObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListObjectsV2'
  | 'DeleteObjects'
  | 'HeadBucket'
  | 'CreateBucket';

/** Objects on one page of a list: few, so that a test sees more than one page. */
const PAGE = 3;

class S3Error extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(code);
  }
}

/** Starts it on a free loopback port. */
export async function fakeS3(): Promise<FakeS3> {
  const accessKeyId = 'AKIAFAKE';
  const buckets = new Set<string>();
  const objects = new Map<string, Buffer>();
  const uploads = new Map<string, Map<number, Buffer>>();
  const failures = new Map<S3Operation, number>();

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const { status, code } = error instanceof S3Error ? error : new S3Error(500, 'InternalError');
      const body = `<Error><Code>${code}</Code><Message>${code}</Message></Error>`;
      response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://s3');
    const [, bucket = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
    const key = rest.join('/');
    const query = url.searchParams;
    const operation = operationOf(request.method ?? '', key, query);
    const body = await buffer(request);
    if (!request.headers.authorization?.includes(`Credential=${accessKeyId}/`))
      throw new S3Error(403, 'AccessDenied');
    if (request.headers['x-amz-content-sha256']?.toString().startsWith('STREAMING-'))
      throw new S3Error(501, 'NotImplemented');
    const failing = failures.get(operation) ?? 0;
    if (failing > 0) {
      failures.set(operation, failing - 1);
      throw new S3Error(503, 'SlowDown');
    }
    if (operation !== 'CreateBucket' && !buckets.has(bucket)) throw new S3Error(404, 'NoSuchBucket');

    const path = `${bucket}/${key}`;
    const xml = (text: string) => response.writeHead(200, { 'content-type': 'application/xml' }).end(text);
    const partsOf = () => {
      const parts = uploads.get(query.get('uploadId') ?? '');
      if (!parts) throw new S3Error(404, 'NoSuchUpload');
      return parts;
    };
    switch (operation) {
      case 'HeadBucket':
        response.end();
        return;
      case 'CreateBucket':
        buckets.add(bucket);
        response.end();
        return;
      case 'PutObject':
        objects.set(path, body);
        response.writeHead(200, { etag: etagOf(body) }).end();
        return;
      case 'GetObject': {
        const object = objects.get(path);
        if (!object) throw new S3Error(404, 'NoSuchKey');
        response.writeHead(200, { etag: etagOf(object), 'content-length': object.length }).end(object);
        return;
      }
      case 'CreateMultipartUpload': {
        const id = randomUUID();
        uploads.set(id, new Map());
        xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
        return;
      }
      case 'UploadPart':
        partsOf().set(Number(query.get('partNumber')), body);
        response.writeHead(200, { etag: etagOf(body) }).end();
        return;
      case 'CompleteMultipartUpload': {
        const parts = partsOf();
        const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map((match) =>
          parts.get(Number(match[1])),
        );
        if (named.length === 0 || named.includes(undefined)) throw new S3Error(400, 'InvalidPart');
        const whole = Buffer.concat(named as Buffer[]);
        objects.set(path, whole);
        uploads.delete(query.get('uploadId')!);
        xml(`<CompleteMultipartUploadResult><ETag>${etagOf(whole)}</ETag></CompleteMultipartUploadResult>`);
        return;
      }
      case 'AbortMultipartUpload':
        partsOf();
        uploads.delete(query.get('uploadId')!);
        response.writeHead(204).end();
        return;
      case 'ListObjectsV2': {
        const prefix = query.get('prefix') ?? '';
        const after = query.get('continuation-token') ?? '';
        const keys = [...objects.keys()]
          .filter((name) => name.startsWith(`${bucket}/${prefix}`))
          .map((name) => name.slice(bucket.length + 1))
          .sort()
          .filter((name) => name > after);
        const page = keys.slice(0, PAGE);
        const more = keys.length > PAGE;
        xml(
          `<ListBucketResult><IsTruncated>${more}</IsTruncated>` +
            (more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '') +
            page.map((name) => `<Contents><Key>${name}</Key></Contents>`).join('') +
            '</ListBucketResult>',
        );
        return;
      }
      case 'DeleteObjects': {
        const hasChecksum = request.headers['content-md5'] ?? request.headers['x-amz-checksum-crc32'];
        if (!hasChecksum) throw new S3Error(400, 'MissingContentMD5');
        for (const match of body.toString().matchAll(/<Key>([^<]*)<\/Key>/g))
          objects.delete(`${bucket}/${match[1]}`);
        xml('<DeleteResult></DeleteResult>');
      }
    }
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accessKeyId,
    secretAccessKey: 'fake',
    objects,
    unfinishedUploads: () => uploads.size,
    failNext: (operation, times) => failures.set(operation, times),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html */
function operationOf(method: string, key: string, query: URLSearchParams): S3Operation {
  const known: Record<string, S3Operation | undefined> = key
    ? {
        PUT: query.has('partNumber') ? 'UploadPart' : 'PutObject',
        GET: 'GetObject',
        POST: query.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload',
        DELETE: 'AbortMultipartUpload',
      }
    : {
        PUT: 'CreateBucket',
        HEAD: 'HeadBucket',
        GET: 'ListObjectsV2',
        POST: query.has('delete') ? 'DeleteObjects' : undefined,
      };
  const operation = known[method];
  if (!operation) throw new S3Error(501, 'NotImplemented');
  return operation;
}

const etagOf = (bytes: Buffer): string => `"${createHash('md5').update(bytes).digest('hex')}"`;
