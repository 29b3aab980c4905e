import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locale, say } from '../messages.js';
import { CommandError, platformUrl, unreachable } from './client.js';

export interface Tenant {
  id: string;
  name: string;
  createdAt: string;
}

type Reply<T> = T & { error?: { message: string; code: string } };

/** A client of what only the installation's operator may do. Its requests are signed with the master key. */
export class OperatorClient {
  private constructor(
    readonly url: string,
    private readonly masterKey: Buffer,
  ) {}

  /**
   * @returns a client for MIDPLANE_URL with MIDPLANE_MASTER_KEY; by default the platform on this machine and the
   *   master key that it keeps in its home
   * @throws CommandError where there is no master key
   */
  static async fromEnvironment(env = process.env): Promise<OperatorClient> {
    const file = join(env.MIDPLANE_HOME ?? '.midplane', 'master.key');
    const text = env.MIDPLANE_MASTER_KEY ?? (await readFile(file, 'utf8').catch(() => ''));
    if (!text.trim()) throw new CommandError(say('noMasterKey', { file }));
    return new OperatorClient(platformUrl(env), Buffer.from(text.trim(), 'base64'));
  }

  /** @throws CommandError where the name is taken or wrong, or the platform does not take the master key */
  createTenant(name: string): Promise<{ tenant: Tenant; key: string }> {
    return this.request({ method: 'POST', body: JSON.stringify({ name }) });
  }

  async tenants(): Promise<Tenant[]> {
    return (await this.request<{ tenants: Tenant[] }>({ method: 'GET' })).tenants;
  }

  private async request<T>(init: { method: string; body?: string }): Promise<T> {
    // The kernel is large, and no other command needs it.
    const { OperatorToken } = await import('@midplane/kernel');
    const authorization = `Bearer ${new OperatorToken(this.masterKey).issue()}`;
    const response = await fetch(`${this.url}/operator/tenants`, {
      ...init,
      headers: { authorization, 'accept-language': locale, 'content-type': 'application/json' },
    }).catch((error: unknown) => {
      throw unreachable(this.url, error);
    });
    const reply = (await response.json().catch(() => undefined)) as Reply<T> | undefined;
    if (reply?.error) throw new CommandError(`${reply.error.message} (${reply.error.code})`);
    if (!response.ok || !reply) {
      throw new CommandError(say('badAnswer', { url: this.url, status: response.status, body: '' }));
    }
    return reply;
  }
}
