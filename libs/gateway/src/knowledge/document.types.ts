import {
  Field,
  Float,
  GraphQLISODateTime,
  ID,
  InputType,
  Int,
  ObjectType,
  registerEnumType,
} from '@nestjs/graphql';
import { DocumentStatus } from '@midplane/contracts';
import { connectionOf } from '../page/page.types.js';
import { Forbidden, InvalidInput, LimitExceeded, NotFound, outcomeOf } from '../problem/problem.types.js';
import { JsonScalar } from '../scalars/json.scalar.js';
import { UploadScalar } from '../scalars/upload.scalar.js';
import type { UploadedFile } from '../upload/pending-upload.js';

export const DocumentStatusEnum = DocumentStatus.enum;
registerEnumType(DocumentStatusEnum, { name: 'DocumentStatus' });

@ObjectType('DocumentFailure')
export class DocumentFailure {
  @Field(() => DocumentStatusEnum)
  stage!: DocumentStatus;

  @Field(() => String)
  code!: string;

  @Field(() => String)
  message!: string;

  @Field(() => Boolean)
  retryable!: boolean;
}

@ObjectType('Document')
export class Document {
  @Field(() => ID)
  id!: string;

  @Field(() => ID)
  knowledgeBaseId!: string;

  @Field(() => String)
  title!: string;

  @Field(() => String)
  mimeType!: string;

  @Field(() => Int)
  sizeBytes!: number;

  @Field(() => String)
  sha256!: string;

  @Field(() => DocumentStatusEnum)
  status!: DocumentStatus;

  @Field(() => Float, { description: '0 to 1 over all stages.' })
  progress!: number;

  @Field(() => DocumentFailure, {
    nullable: true,
    description:
      'Set when status is FAILED: the stage it failed in, a stable code, and what a person can do.',
  })
  failure!: DocumentFailure | null;

  @Field(() => Int, { nullable: true })
  pageCount!: number | null;

  @Field(() => Int)
  chunkCount!: number;

  @Field(() => [String], {
    description: 'Who may read it. Empty: everyone who may read the knowledge base.',
  })
  readers!: string[];

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;

  @Field(() => GraphQLISODateTime)
  updatedAt!: Date;
}

export const DocumentConnection = connectionOf('DocumentConnection', Document);

@InputType('UploadDocumentInput', {
  description: 'readers: user or group ids; metadata: filterable in search.',
})
export class UploadDocumentInput {
  @Field(() => ID)
  knowledgeBaseId!: string;

  @Field(() => UploadScalar)
  file!: Promise<UploadedFile>;

  @Field(() => String, { nullable: true })
  title?: string | null;

  @Field(() => [String], { nullable: true, defaultValue: [] })
  readers?: string[] | null;

  @Field(() => JsonScalar, { nullable: true })
  metadata?: unknown;
}

export const DocumentResult = outcomeOf(
  {
    name: 'DocumentResult',
    description: 'An upload of bytes that the knowledge base already holds returns the document it has.',
  },
  [Document, 'Document'],
  InvalidInput,
  NotFound,
  Forbidden,
  LimitExceeded,
);

@ObjectType('Deletion', {
  description: 'What was erased, and the probe that shows it is gone from both channels, caches and memory.',
})
export class Deletion {
  @Field(() => ID)
  id!: string;

  @Field(() => Int)
  chunks!: number;

  @Field(() => Boolean)
  verified!: boolean;

  @Field(() => ID)
  auditEventId!: string;
}

export const DeletionResult = outcomeOf(
  { name: 'DeletionResult' },
  [Deletion, 'Deletion'],
  NotFound,
  Forbidden,
);
