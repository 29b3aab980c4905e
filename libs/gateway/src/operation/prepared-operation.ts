import {
  type DocumentNode,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  OperationTypeNode,
  parse,
  print,
  separateOperations,
  validate,
} from 'graphql';
import { UserError } from '@midplane/kernel';
import type { GatewayConfig } from '../gateway.config.js';
import { costOf, countAliases, depthOf } from './operation-limits.js';

const CACHED = 500;
/** Characters: literals that are longer belong into variables. */
const MAX_LENGTH = 65_536;

/** What a client sends to have done, through whichever door. */
export interface OperationParams {
  query: string;
  operationName?: string | null;
  variables?: Record<string, unknown> | null;
}

/** A valid operation within the static limits, alone in its document. */
export interface PreparedOperation {
  /** Text of {@link document}: what the executor keeps its compiled form under. */
  source: string;
  document: DocumentNode;
  type: OperationTypeNode;
  /** What it costs under the given variables. */
  cost(variables: Record<string, unknown>): number;
}

/** A document that can't be executed: its errors are for the client. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
  constructor(readonly errors: readonly GraphQLError[]) {
    super(errors.map((error) => error.message).join('; '));
  }
}

type Limits = Pick<
  GatewayConfig,
  'MAX_QUERY_TOKENS' | 'MAX_QUERY_DEPTH' | 'MAX_QUERY_ALIASES' | 'MAX_QUERY_COST'
>;

/** Parses, validates and measures operations, and remembers those that passed. */
export class OperationPreparer {
  private readonly prepared = new Map<string, PreparedOperation>();

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly limits: Limits,
  ) {}

  /**
   * @throws DocumentError for what is no valid operation
   * @throws UserError for an operation over a limit: QUERY_TOO_LARGE, QUERY_TOO_LONG, QUERY_TOO_DEEP,
   * QUERY_TOO_MANY_ALIASES, QUERY_TOO_COSTLY
   */
  prepare({ query, operationName, variables }: OperationParams): PreparedOperation {
    const key = `${operationName ?? ''}\n${query}`;
    let prepared = this.prepared.get(key);
    // Taken out and put in again, so that the first one is always the one unused for longest.
    if (prepared) this.prepared.delete(key);
    else prepared = this.make(query, operationName ?? undefined);
    this.prepared.set(key, prepared);
    if (this.prepared.size > CACHED) this.prepared.delete(this.prepared.keys().next().value!);

    const cost = prepared.cost(variables ?? {});
    const limit = this.limits.MAX_QUERY_COST;
    if (cost > limit) throw new UserError('QUERY_TOO_COSTLY', { cost: Math.round(cost), limit });
    return prepared;
  }

  private make(query: string, operationName: string | undefined): PreparedOperation {
    if (query.length > MAX_LENGTH) throw new UserError('QUERY_TOO_LARGE', { limit: MAX_LENGTH });
    const whole = this.parse(query);
    const aliases = countAliases(whole);
    if (aliases > this.limits.MAX_QUERY_ALIASES) {
      throw new UserError('QUERY_TOO_MANY_ALIASES', { aliases, limit: this.limits.MAX_QUERY_ALIASES });
    }
    const errors = validate(this.schema, whole);
    if (errors.length > 0)
      throw new DocumentError(errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED')));

    const operation = getOperationAST(whole, operationName);
    if (!operation) {
      const message = operationName
        ? `Unknown operation named "${operationName}".`
        : 'Must provide operation name if query contains multiple operations.';
      throw new DocumentError([coded(new GraphQLError(message), 'GRAPHQL_OPERATION_UNKNOWN')]);
    }
    const fragments = new Map(
      whole.definitions
        .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
        .map((definition) => [definition.name.value, definition]),
    );
    const depth = depthOf(operation, fragments);
    if (depth > this.limits.MAX_QUERY_DEPTH) {
      throw new UserError('QUERY_TOO_DEEP', { depth, limit: this.limits.MAX_QUERY_DEPTH });
    }
    // The executor keeps one compiled form for each text, whichever of its operations is asked for: so each
    // operation gets a text of its own.
    const several = whole.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION).length > 1;
    const document = several ? separateOperations(whole)[operation.name?.value ?? '']! : whole;
    return {
      source: several ? print(document) : query,
      document,
      type: operation.operation,
      cost: (variables) => costOf(this.schema, operation, fragments, variables),
    };
  }

  private parse(query: string): DocumentNode {
    const maxTokens = this.limits.MAX_QUERY_TOKENS;
    try {
      return parse(query, { maxTokens });
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      if (error.message.includes('tokens. Parsing aborted')) {
        throw new UserError('QUERY_TOO_LONG', { limit: maxTokens });
      }
      throw new DocumentError([coded(error, 'GRAPHQL_PARSE_FAILED')]);
    }
  }
}

function coded(error: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    extensions: { code },
  });
}
