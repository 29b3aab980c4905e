import { GraphQLError, GraphQLScalarType } from 'graphql';
import { PendingUpload, type UploadedFile } from '../upload/pending-upload.js';

/** A file, sent by the GraphQL multipart request specification. It can be sent as a variable only. */
export const UploadScalar = new GraphQLScalarType<Promise<UploadedFile>>({
  name: 'Upload',
  specifiedByURL: 'https://github.com/jaydenseric/graphql-multipart-request-spec',
  parseValue: (value) => {
    if (value instanceof PendingUpload) return value.promise;
    throw new GraphQLError('A file is sent by a multipart request, see graphql-multipart-request-spec.');
  },
  parseLiteral: () => {
    throw new GraphQLError('A file is sent as a variable.');
  },
  serialize: () => {
    throw new GraphQLError('A file can only be sent.');
  },
});
