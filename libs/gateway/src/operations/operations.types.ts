import { Field, Float, GraphQLISODateTime, ID, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import type { DocumentStatus } from '@midplane/contracts';
import { DocumentStatusEnum } from '../knowledge/document.types.js';
import { connectionOf } from '../page/page.types.js';
import { Conflict, Forbidden, NotFound, outcomeOf } from '../problem/problem.types.js';

@ObjectType('DocumentCount')
export class DocumentCount {
  @Field(() => DocumentStatusEnum)
  status!: DocumentStatus;

  @Field(() => Int)
  count!: number;
}

export enum ServiceState {
  UP = 'UP',
  DOWN = 'DOWN',
}
registerEnumType(ServiceState, { name: 'ServiceState' });

@ObjectType('ServiceStatus')
export class ServiceStatus {
  @Field(() => String)
  name!: string;

  @Field(() => ServiceState)
  state!: ServiceState;
}

@ObjectType('EmbedderStatus', { description: 'A model that can embed here.' })
export class EmbedderStatus {
  @Field(() => String)
  name!: string;

  @Field(() => String, { description: 'Changes whenever the same text would get another vector.' })
  revision!: string;

  @Field(() => Int)
  dimension!: number;

  @Field(() => Int)
  maxTokens!: number;
}

@ObjectType('QueueStatus', { description: "The tenant's background work of one service." })
export class QueueStatus {
  @Field(() => String)
  service!: string;

  @Field(() => Int)
  waiting!: number;

  @Field(() => Int, { description: 'Jobs that a worker holds at this moment.' })
  running!: number;
}

@ObjectType('PlatformStatus')
export class PlatformStatus {
  @Field(() => String)
  version!: string;

  @Field(() => [DocumentCount], { description: "The tenant's documents by stage." })
  documents!: DocumentCount[];

  @Field(() => Int, { description: "The tenant's jobs that were given up." })
  failedJobCount!: number;

  @Field(() => Float, { description: 'Bytes of the stored originals.' })
  storedBytes!: number;

  @Field(() => [QueueStatus], { description: 'Queues that are not empty.' })
  queues!: QueueStatus[];

  @Field(() => [ServiceStatus], { description: 'The services, and the stores that they stand on.' })
  services!: ServiceStatus[];

  @Field(() => [EmbedderStatus], { description: 'The default first.' })
  embedders!: EmbedderStatus[];
}

@ObjectType('FailedJob', { description: 'Background work that was given up after all its attempts.' })
export class FailedJob {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  service!: string;

  @Field(() => String)
  name!: string;

  @Field(() => Int)
  attempts!: number;

  @Field(() => String, { description: 'A stable code; INTERNAL where it was a fault.' })
  code!: string;

  @Field(() => String, { description: 'What happened, and what can be done.' })
  message!: string;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;

  @Field(() => GraphQLISODateTime)
  failedAt!: Date;
}

export const FailedJobConnection = connectionOf('FailedJobConnection', FailedJob);

@ObjectType('RetriedJob')
export class RetriedJob {
  @Field(() => ID)
  id!: string;
}

export const RetryJobResult = outcomeOf(
  { name: 'RetryJobResult' },
  [RetriedJob, 'RetriedJob'],
  NotFound,
  Forbidden,
  Conflict,
);
