import type { Readable } from 'node:stream';

/** A file of a multipart request, as it begins to arrive. */
export interface UploadedFile {
  /** As the client calls it: not to be trusted as a path. */
  filename: string;
  /** The bytes. */
  createReadStream(): Readable;
}

/** A file that is still to come: stands in the variables of an operation in the place of its file. */
export class PendingUpload {
  private readonly settle: { resolve(file: UploadedFile): void; reject(error: Error): void };
  readonly promise: Promise<UploadedFile>;

  constructor() {
    const { promise, resolve, reject } = Promise.withResolvers<UploadedFile>();
    // An operation that fails before it looks at its file leaves nobody to catch this.
    promise.catch(() => undefined);
    this.promise = promise;
    this.settle = { resolve, reject };
  }

  /** The first of these counts. */
  arrive(file: UploadedFile): void {
    this.settle.resolve(file);
  }

  fail(error: Error): void {
    this.settle.reject(error);
  }
}
