import { GraphQLError, GraphQLScalarType } from 'graphql';
import type { Readable } from 'node:stream';

/** A file of a multipart request, as it begins to arrive. */
export interface UploadedFile {
  /** As the client calls it: not to be trusted as a path. */
  filename: string;
  /** The bytes; can be taken once. Throws where the upload failed before. */
  createReadStream(): Readable;
}

/** Where the multipart parser will put the file. */
interface PendingUpload {
  promise: Promise<UploadedFile>;
}

/** A file, sent by the GraphQL multipart request specification. It can be sent as a variable only. */
export const UploadScalar = new GraphQLScalarType<Promise<UploadedFile>>({
  name: 'Upload',
  specifiedByURL: 'https://github.com/jaydenseric/graphql-multipart-request-spec',
  parseValue: (value) => {
    if (isPending(value)) return value.promise;
    throw new GraphQLError('A file is sent by a multipart request, see graphql-multipart-request-spec.');
  },
  parseLiteral: () => {
    throw new GraphQLError('A file is sent as a variable.');
  },
  serialize: () => {
    throw new GraphQLError('A file can only be sent.');
  },
});

function isPending(value: unknown): value is PendingUpload {
  return (
    typeof value === 'object' && value !== null && 'promise' in value && value.promise instanceof Promise
  );
}
