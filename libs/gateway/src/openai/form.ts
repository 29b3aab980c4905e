import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import { invalidInput, UserError } from '@midplane/kernel';
import type { IncomingMessage } from 'node:http';

/** A form as it was sent. */
export interface Form {
  /** Values by field, each as often as it was sent. */
  fields: Record<string, string[]>;
  /** What was sent as `file`. */
  file: Blob | undefined;
}

export interface FormLimits {
  maxFileBytes: number;
  /** Longest other field, in bytes. */
  maxFieldBytes: number;
}

/** Other fields of a form at most. */
const MOST_FIELDS = 50;

const NO_BOUNDARY = { en: 'the multipart body has no boundary', zh: 'multipart 正文缺少 boundary' };

/** How clients name the parts of a list. */
const LIST = /\[\d*\]$/;

/**
 * Reads a form with one file, which is held in memory.
 * @throws UserError FILE_TOO_LARGE, UPLOAD_INTERRUPTED, INVALID_INPUT
 */
export function readForm(body: IncomingMessage, { maxFileBytes, maxFieldBytes }: FormLimits): Promise<Form> {
  return new Promise((resolve, reject) => {
    const fields: Form['fields'] = {};
    const parts: Buffer[] = [];
    let hasFile = false;
    const fail = (error: UserError): void => {
      body.unpipe(form);
      reject(error);
    };
    const broken = (): void => fail(new UserError('UPLOAD_INTERRUPTED', { field: 'file' }));
    let form: InstanceType<typeof Busboy>;
    try {
      form = new Busboy({
        headers: body.headers as { 'content-type': string },
        limits: {
          fields: MOST_FIELDS,
          files: 1,
          fieldSize: maxFieldBytes,
          fileSize: maxFileBytes,
          headerPairs: 20,
        },
      });
    } catch {
      reject(invalidInput('body', NO_BOUNDARY));
      return;
    }
    form.on('field', (name, value, _, truncated) => {
      if (truncated)
        fail(
          invalidInput(name, {
            en: `expected ${maxFieldBytes} bytes at most`,
            zh: `最多 ${maxFieldBytes} 字节`,
          }),
        );
      else (fields[name.replace(LIST, '')] ??= []).push(value);
    });
    form.on('file', (name: string, stream: BusboyFileStream) => {
      stream.on('error', broken);
      if (name !== 'file') return void stream.resume();
      hasFile = true;
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('limit', () => fail(new UserError('FILE_TOO_LARGE', { megabytes: maxFileBytes / 2 ** 20 })));
    });
    form.on('error', broken);
    form.on('finish', () => resolve({ fields, file: hasFile ? new Blob(parts) : undefined }));
    body.once('close', () => {
      if (!body.complete) broken();
    });
    body.pipe(form);
  });
}
