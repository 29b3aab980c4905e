import type { ProviderKind } from '@midplane/contracts';
import { Injectable } from '@nestjs/common';
import { AnthropicProvider } from './anthropic.provider.js';
import type { ChatProvider } from './chat-provider.port.js';
import { ModelHosts } from './model-hosts.js';
import { OpenAiProvider } from './openai.provider.js';
import { UpstreamHttp } from './upstream-http.js';

/** The protocols that models are reached by, over one set of connections. */
@Injectable()
export class Providers {
  private readonly http: UpstreamHttp;
  private readonly kinds: Record<ProviderKind, ChatProvider>;

  constructor(hosts: ModelHosts) {
    this.http = new UpstreamHttp(hosts);
    this.kinds = { openai: new OpenAiProvider(this.http), anthropic: new AnthropicProvider(this.http) };
  }

  of(kind: ProviderKind): ChatProvider {
    return this.kinds[kind];
  }

  /** Closes the connections. */
  close(): Promise<void> {
    return this.http.close();
  }
}
