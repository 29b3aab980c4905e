import { Inject } from '@nestjs/common';
import { Args, ID, Int, Mutation, Query, Resolver } from '@nestjs/graphql';
import { type Locale, PageInput } from '@midplane/contracts';
import { authorize, currentContext, type DeadJob, Jobs, UserError } from '@midplane/kernel';
import { idOr, parseInput } from '../input/parse-input.js';
import { type Connection, toConnection } from '../page/page.types.js';
import {
  FailedJob,
  FailedJobConnection,
  PlatformStatus,
  type RetriedJob,
  RetryJobResult,
} from './operations.types.js';
import { StatusService } from './status.service.js';

const FAULT: Record<Locale, (id: string) => string> = {
  en: (id) => `A fault that is in the log under the job's id ${id}. Retry it once the fault is mended.`,
  zh: (id) => `内部故障，详情见日志中的任务编号 ${id}。故障排除后可重试。`,
};

@Resolver()
export class OperationsResolver {
  constructor(
    @Inject(Jobs) private readonly jobs: Jobs,
    private readonly platform: StatusService,
  ) {}

  @Query(() => PlatformStatus, { complexity: 20 })
  async status(): Promise<PlatformStatus> {
    authorize('read', 'Document');
    return this.platform.status();
  }

  @Query(() => FailedJobConnection, { description: "The tenant's jobs that were given up, newest first." })
  async failedJobs(
    @Args('first', { type: () => Int, nullable: true, defaultValue: 20 }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
  ): Promise<Connection<FailedJob>> {
    authorize('read', 'Job');
    return toConnection(await this.jobs.deadJobs(parseInput(PageInput, { first, after })), toFailedJob);
  }

  @Mutation(() => RetryJobResult, { description: 'Queues a failed job again, with all its attempts.' })
  async retryJob(@Args('id', { type: () => ID }) id: string): Promise<RetriedJob> {
    authorize('update', 'Job');
    await this.jobs.retryJob(idOr('JOB_NOT_FOUND', id));
    return { id };
  }
}

function toFailedJob({ id, service, name, attempts, problem, createdAt, finishedAt }: DeadJob): FailedJob {
  const { locale } = currentContext();
  return {
    id,
    service,
    name,
    attempts,
    code: problem?.code ?? 'INTERNAL',
    message: problem ? new UserError(problem.code, problem.params).messageIn(locale) : FAULT[locale](id),
    createdAt,
    failedAt: finishedAt,
  };
}
