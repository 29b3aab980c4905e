import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream/promises';
import { BadRequest } from '../door/request-params.js';
import { PendingUpload } from './pending-upload.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the body is multipart: its file may still be on its way. */
    multipart: boolean;
  }
}

export interface MultipartLimits {
  /** Longest field (`operations`, `map`), in bytes. */
  maxFieldBytes: number;
  /** What is read of a body at most after its answer is known, in bytes. */
  maxDrainBytes: number;
}

/**
 * Takes bodies of the GraphQL multipart request specification with one file: the body is the operation as soon as
 * its fields are there; the file streams on, to whoever takes it.
 * @see https://github.com/jaydenseric/graphql-multipart-request-spec
 */
export function acceptMultipart(scope: FastifyInstance, limits: MultipartLimits): void {
  scope.decorateRequest('multipart', false);
  scope.addContentTypeParser('multipart/form-data', (request: FastifyRequest, payload: IncomingMessage) => {
    request.multipart = true;
    return readOperations(payload, limits.maxFieldBytes);
  });
  // Many clients read no answer before they have sent everything.
  scope.addHook('onSend', async ({ multipart, raw }) => {
    if (multipart) await drain(raw, limits.maxDrainBytes);
  });
}

/** @returns the operation, with an upload in the place of its file. @throws BadRequest */
function readOperations(body: IncomingMessage, fieldSize: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let form: InstanceType<typeof Busboy>;
    try {
      form = new Busboy({
        headers: body.headers as { 'content-type': string },
        limits: { fields: 2, files: 1, parts: 3, fieldSize, headerPairs: 20 },
      });
    } catch {
      reject(new BadRequest('The multipart body has no boundary.'));
      return;
    }
    const upload = new PendingUpload();
    let operations: unknown;
    let fileName: string | undefined;
    let file: BusboyFileStream | undefined;
    let over = false;

    const fail = (error: Error) => {
      if (over) return;
      over = true;
      body.unpipe(form);
      file?.destroy(error);
      upload.fail(error);
      reject(error);
    };
    form.on('field', (name, value, _, truncated) => {
      try {
        if (truncated) throw new BadRequest(`"${name}" is longer than ${fieldSize} bytes.`);
        if (name === 'operations') operations = parseJson(name, value);
        if (name !== 'map') return;
        fileName = place(upload, operations, parseJson(name, value));
        resolve(operations);
      } catch (error) {
        fail(error as Error);
      }
    });
    form.on('file', (name, stream, filename) => {
      // What happens to a file that nobody takes is told to nobody.
      stream.on('error', () => undefined);
      if (name !== fileName || over) {
        stream.resume();
        return;
      }
      file = stream;
      upload.arrive({ filename: filename ?? '', createReadStream: () => stream });
    });
    // Stays on: a parser that has failed once may fail again.
    form.on('error', (error) =>
      fail(new BadRequest(`The multipart body is broken: ${(error as Error).message}`)),
    );
    form.on('finish', () => {
      if (fileName === undefined) reject(new BadRequest('"operations" and "map" must come before the file.'));
      upload.fail(new BadRequest('The file that "map" names is not in the body.'));
    });
    body.once('close', () => {
      if (!body.complete) fail(new BadRequest('The body broke off before its end.'));
    });
    body.pipe(form);
  });
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadRequest(`"${name}" must be JSON.`);
  }
}

/** Puts the upload where `map` says. @returns the name of the file's part; empty where there is no file */
function place(upload: PendingUpload, operations: unknown, map: unknown): string {
  if (operations === undefined) throw new BadRequest('"operations" must come before "map".');
  if (!isObject(map)) throw new BadRequest('"map" must be an object.');
  const entries = Object.entries(map);
  if (entries.length > 1) throw new BadRequest('One file can be sent in each request.');
  const [name, paths] = entries[0] ?? ['', []];
  if (!Array.isArray(paths)) throw new BadRequest('"map" must name a list of paths for each file.');
  for (const path of paths) {
    const keys = String(path).split('.');
    const last = keys.pop()!;
    let at: unknown = operations;
    for (const key of keys) at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    if (!isObject(at) || !Object.hasOwn(at, last)) throw new BadRequest(`"map" names no place: ${path}`);
    at[last] = upload;
  }
  return name;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Reads on what nobody took, up to a limit, after which the connection is cut. */
export async function drain(body: IncomingMessage, limit: number): Promise<void> {
  if (body.readableEnded || body.destroyed) return;
  let left = limit;
  body.unpipe();
  body.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) body.destroy();
  });
  body.resume();
  await finished(body).catch(() => undefined);
}
