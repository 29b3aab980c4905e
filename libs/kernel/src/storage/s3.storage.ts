import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { OperationalError } from '../errors/errors.js';
import { checkKey, type FileStorage, Meter, type WriteOptions, type Written } from './file-storage.port.js';

export interface S3Settings {
  endpoint: string;
  region: string;
  bucket: string;
  /** Without them the usual places are searched (environment, instance role). */
  accessKeyId?: string;
  secretAccessKey?: string;
}

/** Bytes of one part of a large file; two are in memory at once. S3 takes at most 10,000 parts: 80 GB. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 2;
/** Keys that S3 deletes in one call. */
const DELETED_AT_ONCE = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 60_000;

/**
 * Files in a bucket of S3 or of what speaks its protocol. An object appears when its last byte has arrived; the parts
 * of an upload whose process was killed stay hidden: let a lifecycle rule of the bucket remove them.
 */
export class S3Storage implements FileStorage {
  private readonly client: S3Client;
  private readonly bucket: string;

  constructor({ endpoint, region, bucket, accessKeyId, secretAccessKey }: S3Settings) {
    this.bucket = bucket;
    this.client = new S3Client({
      endpoint,
      region,
      forcePathStyle: true,
      credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined,
      // Not every S3-compatible storage knows the checksums that came later.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
    });
  }

  async write(key: string, bytes: Readable, { maxBytes, signal }: WriteOptions): Promise<Written> {
    const meter = new Meter(maxBytes);
    const upload = new Upload({
      client: this.client,
      params: { Bucket: this.bucket, Key: checkKey(key), Body: meter },
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
    });
    // Not `upload.abort()`: that one doesn't wait until the parts are removed. The upload ends with its stream.
    const [taken, sent] = await Promise.allSettled([
      pipeline(bytes, meter, { signal }),
      upload.done().finally(() => meter.destroy()),
    ]);
    signal?.throwIfAborted();
    if (taken.status === 'rejected' && !isStopped(taken.reason)) throw taken.reason;
    if (sent.status === 'rejected') throw explain(sent.reason);
    return meter.written();
  }

  async read(key: string): Promise<Readable> {
    const answer = await this.client
      .send(new GetObjectCommand({ Bucket: this.bucket, Key: checkKey(key) }))
      .catch(explained);
    return answer.Body as Readable;
  }

  async delete(keys: string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += DELETED_AT_ONCE) {
      const some = keys.slice(from, from + DELETED_AT_ONCE).map((key) => ({ Key: checkKey(key) }));
      const { Errors: failed = [] } = await this.client
        .send(new DeleteObjectsCommand({ Bucket: this.bucket, Delete: { Objects: some, Quiet: true } }))
        .catch(explained);
      if (failed.length > 0)
        throw new OperationalError(`${failed.length} files could not be deleted: ${failed[0]?.Code}.`);
    }
  }

  async deletePrefix(prefix: string): Promise<void> {
    const keys: string[] = [];
    for await (const key of this.list(prefix)) keys.push(key);
    await this.delete(keys);
  }

  async *list(prefix: string): AsyncIterable<string> {
    const pages = paginateListObjectsV2(
      { client: this.client },
      { Bucket: this.bucket, Prefix: checkKey(prefix) },
    );
    for await (const { Contents: objects = [] } of pages) for (const { Key } of objects) if (Key) yield Key;
  }

  async check(): Promise<void> {
    const bucket = { Bucket: this.bucket };
    await this.client
      .send(new HeadBucketCommand(bucket))
      .catch(async (error: unknown) => {
        if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== 404) throw error;
        await this.client.send(new CreateBucketCommand(bucket));
      })
      .catch(explained);
  }
}

/** A stream that ends early because the S3 client stopped reading it says nothing of why. */
function isStopped({ name, code }: NodeJS.ErrnoException): boolean {
  return name === 'AbortError' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** What the SDK throws may be worth another try; it is never the caller's fault. */
function explain(error: unknown): OperationalError {
  const { name, message } = error as Error;
  return new OperationalError(`The file storage failed: ${name}: ${message}`, { cause: error });
}

function explained(error: unknown): never {
  throw explain(error);
}
