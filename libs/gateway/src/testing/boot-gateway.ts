import type { DynamicModule } from '@nestjs/common';
import { type Client, type ClientOptions, createClient } from 'graphql-ws';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Kernel,
  kernelConfig,
  type KernelSettings,
  openKernel,
  readConfig,
  runService,
} from '@midplane/kernel';
import { gatewayConfig } from '../gateway.config.js';
import { GatewayModule } from '../gateway.module.js';

export interface BootOptions extends Pick<KernelSettings, 'migrations' | 'entities'> {
  databaseUrl: string;
  /** The services that run beside the gateway. */
  modules?: (kernel: Kernel) => DynamicModule[];
  env?: NodeJS.ProcessEnv;
}

export interface BootedGateway {
  kernel: Kernel;
  url: string;
  home: string;
  stop(): Promise<void>;
}

/** Boots the real gateway on a free port, on a database of the test's. */
export async function bootGateway(options: BootOptions): Promise<BootedGateway> {
  const home = await mkdtemp(join(tmpdir(), 'midplane-gateway-'));
  const config = readConfig(
    {
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: options.databaseUrl,
      MIDPLANE_HOME: home,
      ...options.env,
    },
    kernelConfig,
    gatewayConfig,
  );
  const { migrations, entities } = options;
  const kernel = await openKernel({ service: 'gateway', config, migrations, entities });
  const modules = [...(options.modules?.(kernel) ?? []), GatewayModule.forRoot(config)];
  const { url, stop } = await runService({ kernel, modules, rpc: false });
  return {
    kernel,
    url,
    home,
    stop: async () => {
      await stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** What a test reads of a result, without a type for each operation. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- results are looked into by expectations
export type Data = Record<string, any>;

export interface Reply {
  status: number;
  headers: Headers;
  data: Data;
  errors?: { message: string; path?: unknown[]; extensions?: Data }[];
}

/** A client of the public API with one key. */
export class TestClient {
  /** @param key undefined: none is sent */
  constructor(
    readonly url: string,
    readonly key?: string,
  ) {}

  get authorization(): Record<string, string> {
    return this.key ? { authorization: `Bearer ${this.key}` } : {};
  }

  async send(query: string, variables?: object, headers: Record<string, string> = {}): Promise<Reply> {
    return replyOf(
      await fetch(`${this.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...this.authorization, ...headers },
        body: JSON.stringify({ query, variables }),
      }),
    );
  }

  /** Sends `uploadDocument` by multipart. */
  async upload(
    input: object,
    bytes: Uint8Array | string,
    name: string,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const form = new FormData();
    const variables = { input: { ...input, file: null } };
    form.set('operations', JSON.stringify({ query: UPLOAD, variables }));
    form.set('map', JSON.stringify({ 0: ['variables.input.file'] }));
    form.set('0', new Blob([bytes as Uint8Array<ArrayBuffer>]), name);
    return replyOf(
      await fetch(`${this.url}/graphql`, {
        method: 'POST',
        headers: { ...this.authorization, ...headers },
        body: form,
      }),
    );
  }

  /** A WebSocket client that sends the key in `connection_init`. */
  webSocket(options: Partial<ClientOptions> = {}): Client {
    return createClient({
      url: `${this.url.replace('http', 'ws')}/graphql`,
      connectionParams: { Authorization: this.authorization.authorization },
      retryAttempts: 0,
      ...options,
    });
  }

  /** The events of an operation by server-sent events, as they come, until `signal` aborts. */
  async *stream(query: string, variables: object, signal?: AbortSignal): AsyncGenerator<Data> {
    const response = await fetch(`${this.url}/graphql/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...this.authorization },
      body: JSON.stringify({ query, variables }),
      signal,
    });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    let text = '';
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      text += part;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const event = text.slice(0, end);
        text = text.slice(end + 2);
        if (event.startsWith('event: complete')) return;
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data) yield JSON.parse(data) as Data;
      }
    }
  }
}

async function replyOf(response: Response): Promise<Reply> {
  const body = (await response.json()) as Pick<Reply, 'data' | 'errors'>;
  return { status: response.status, headers: response.headers, ...body };
}

const PROBLEM =
  '... on Problem { code message } ... on InvalidInput { field } ... on LimitExceeded { retryAfterMs }';

export const UPLOAD = `mutation ($input: UploadDocumentInput!) {
  uploadDocument(input: $input) {
    __typename
    ... on Document { id knowledgeBaseId title mimeType sizeBytes sha256 status progress readers }
    ${PROBLEM}
  }
}`;
