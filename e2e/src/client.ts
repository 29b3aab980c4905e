import { execFile } from 'node:child_process';
import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import type { Platform } from './forms.js';
import { ROOT } from './process.js';

/** A business application's client: plain GraphQL over HTTP. */
export class Api {
  constructor(
    private readonly platform: Pick<Platform, 'url'>,
    private readonly key: string,
    private readonly language = 'en',
  ) {}

  /** @returns the operation's data; @throws Error with the errors of the response */
  async run<T = Record<string, never>>(query: string, variables: object = {}): Promise<T> {
    return this.send<T>(JSON.stringify({ query, variables }), { 'content-type': 'application/json' });
  }

  /** Uploads a file from disk. @returns the result union with its `__typename` */
  async upload(input: { knowledgeBaseId: string; [key: string]: unknown }, path: string) {
    const form = new FormData();
    const query = `mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) {
      __typename ... on Document { id title status } ... on Problem { code message } } }`;
    form.set('operations', JSON.stringify({ query, variables: { input: { ...input, file: null } } }));
    form.set('map', '{"0":["variables.input.file"]}');
    form.set('0', await openAsBlob(path), basename(path));
    const { uploadDocument } = await this.send<{
      uploadDocument: { __typename: string; id: string; code?: string; message?: string };
    }>(form, {});
    return uploadDocument;
  }

  get headers(): Record<string, string> {
    return { authorization: `Bearer ${this.key}`, 'accept-language': this.language };
  }

  private async send<T>(body: string | FormData, headers: Record<string, string>): Promise<T> {
    const response = await fetch(`${this.platform.url}/graphql`, {
      method: 'POST',
      body,
      headers: { ...this.headers, accept: 'application/json', ...headers },
    });
    const { data, errors } = (await response.json()) as { data?: T; errors?: { message: string }[] };
    if (errors?.length || !data)
      throw new Error(errors?.map(({ message }) => message).join('; ') ?? 'no data');
    return data;
  }
}

/** Runs `npx midplane …` against a platform. @returns what it printed and its exit code */
export function midplane(
  platform: Platform,
  ...args: string[]
): Promise<{ stdout: string; stderr: string; code: number }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [`${ROOT}/apps/cli/bin/midplane.js`, ...args],
      {
        env: {
          PATH: process.env.PATH,
          MIDPLANE_URL: platform.url,
          MIDPLANE_KEY: platform.adminKey,
          MIDPLANE_MASTER_KEY: platform.masterKey,
          LANG: 'en_US.UTF-8',
        },
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) => resolve({ stdout, stderr, code: error ? Number(error.code ?? 1) : 0 }),
    );
  });
}
