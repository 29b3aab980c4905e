import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEMS } from '@midplane/contracts';
import { type Logger, type OperatorToken, statusOf, type TenantService, UserError } from '@midplane/kernel';
import { z } from 'zod';
import { parseInput } from '../input/parse-input.js';
import { localeOf } from '../operation/locale.js';

const CreateTenant = z.strictObject({ name: z.string() });

/**
 * What the installation's operator may do, and no tenant's own administrator: `GET` and `POST /operator/tenants`. It
 * is no part of the GraphQL schema, so that no role and no mistake in one can reach it from within a tenant.
 */
export class OperatorDoor {
  constructor(
    private readonly tenants: TenantService,
    private readonly token: OperatorToken,
    private readonly logger: Logger,
  ) {}

  mount(scope: FastifyInstance): void {
    // Before the body is read, like everywhere.
    const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
      if (this.token.accepts(request.headers.authorization)) return undefined;
      return sendProblem(request, reply, new UserError('OPERATOR_ONLY'));
    };
    scope.get('/operator/tenants', { onRequest }, async () => ({ tenants: await this.tenants.list() }));
    scope.post('/operator/tenants', { onRequest }, (request, reply) => this.create(request, reply));
  }

  private async create(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { traceId } = request;
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const locale = localeOf(request.headers['accept-language']);
    try {
      const { name } = parseInput(CreateTenant, Object(request.body));
      const made = await this.tenants.create(name, { traceId, locale, signal: gone.signal });
      this.logger.info({ tenant: made.tenant.id, traceId }, 'the operator has made a tenant');
      return reply.code(201).header('cache-control', 'no-store').send(made);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return sendProblem(request, reply, error);
    }
  }
}

/** Sends an expected failure in the shape of errors of REST paths: OpenAI's. */
function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: UserError): FastifyReply {
  const { code, params } = problem.problem;
  const message = problem.messageIn(localeOf(request.headers['accept-language']));
  const { kind } = PROBLEMS[code];
  return reply
    .code(statusOf(kind))
    .send({ error: { message, type: kind, code, param: kind === 'InvalidInput' ? params.field : null } });
}
