import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { createHash } from 'node:crypto';
import { UserError } from '../errors/errors.js';

/** Injection token of this process's storage: the folder under MIDPLANE_HOME, or S3 where S3_ENDPOINT is set. */
export const FILE_STORAGE = Symbol('FILE_STORAGE');

export interface WriteOptions {
  /** Most bytes that are taken. */
  maxBytes: number;
  signal?: AbortSignal;
}

/** What was counted while the bytes went by. */
export interface Written {
  sizeBytes: number;
  /** In hex. */
  sha256: string;
}

/**
 * Files by key, such as `<tenant>/<document>/blocks.jsonl`. A key is there whole or not at all: a write that fails,
 * is cut off or is too large leaves nothing.
 */
export interface FileStorage {
  /** @throws UserError FILE_TOO_LARGE; the stream's error; the signal's reason */
  write(key: string, bytes: Readable, options: WriteOptions): Promise<Written>;
  /** @throws Error where the key is not there */
  read(key: string): Promise<Readable>;
  /** Removes keys; one that is not there is no error. */
  delete(keys: string[]): Promise<void>;
  /** Removes every key that begins with the prefix. */
  deletePrefix(prefix: string): Promise<void>;
  /** The keys that begin with the prefix, in no order. */
  list(prefix: string): AsyncIterable<string>;
  /** Makes sure that it can be written. @throws Error where it can't */
  check(): Promise<void>;
}

const KEY = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*\/?$/;

/** @throws Error for a key that could leave the storage: keys are made by us, so a wrong one is a bug */
export function checkKey(key: string): string {
  if (!KEY.test(key) || key.length > 500) throw new Error('Not a storage key.');
  return key;
}

/** Passes bytes on, counts and hashes them, and fails with FILE_TOO_LARGE at the first byte too many. */
export class Meter extends Transform {
  private readonly hash = createHash('sha256');
  /** Not named `size`: the S3 client would take it for the length of the whole. */
  private taken = 0;

  constructor(private readonly maxBytes: number) {
    super();
  }

  override _transform(
    piece: Buffer,
    _: BufferEncoding,
    done: (error: Error | null, piece?: Buffer) => void,
  ): void {
    this.taken += piece.length;
    if (this.taken > this.maxBytes) {
      const megabytes = Math.floor((this.maxBytes / 1024 / 1024) * 10) / 10;
      done(new UserError('FILE_TOO_LARGE', { megabytes }));
      return;
    }
    this.hash.update(piece);
    done(null, piece);
  }

  /** @returns the counts, once the stream has ended */
  written(): Written {
    return { sizeBytes: this.taken, sha256: this.hash.digest('hex') };
  }
}
