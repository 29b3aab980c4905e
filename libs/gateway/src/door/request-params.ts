import type { OperationParams } from '../operation/prepared-operation.js';

/** A request that is no GraphQL request: answered with status 400. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @returns the parameters of a JSON body. @throws BadRequest for what is none, batches included */
export function bodyParams(body: unknown): OperationParams {
  if (Array.isArray(body))
    throw new BadRequest('Batches are not accepted: send one operation in each request.');
  if (!isObject(body)) throw new BadRequest('The body must be a JSON object with "query".');
  const { query, operationName, variables, extensions } = body;
  if (typeof query !== 'string') throw new BadRequest('"query" must be a string.');
  if (operationName != null && typeof operationName !== 'string') {
    throw new BadRequest('"operationName" must be a string.');
  }
  if (variables != null && !isObject(variables)) throw new BadRequest('"variables" must be an object.');
  if (extensions != null && !isObject(extensions)) throw new BadRequest('"extensions" must be an object.');
  return { query, operationName, variables };
}

/** @returns the parameters of a GET's query string, whose variables and extensions are JSON. @throws BadRequest */
export function queryParams(query: unknown): OperationParams {
  const given = isObject(query) ? query : {};
  return bodyParams({
    ...given,
    variables: parseJson('variables', given.variables),
    extensions: parseJson('extensions', given.extensions),
  });
}

function parseJson(name: string, text: unknown): unknown {
  if (text === undefined || text === '') return undefined;
  try {
    return JSON.parse(String(text));
  } catch {
    throw new BadRequest(`"${name}" must be JSON.`);
  }
}
