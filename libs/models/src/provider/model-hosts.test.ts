import { FakeChatServer } from '@midplane/testing';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addModel, ask, type BootedModels, bootModels } from '../testing/boot-models.js';
import { ModelHosts } from './model-hosts.js';

/** As a URL names it. */
const allows = (hosts: ModelHosts, url: string) => hosts.allows(new URL(url).hostname);
const METADATA = [
  'http://169.254.169.254/latest/meta-data',
  // The same address in decimal, in hexadecimal, and as IPv6 has it.
  'http://2852039166/',
  'http://0xa9fea9fe/',
  'http://[::ffff:169.254.169.254]/',
  'http://169.254.170.2/',
  'http://100.100.100.200/',
  'http://168.63.129.16/',
  'http://[fd00:ec2::254]/',
  'http://[fe80::1]/',
  'http://0.0.0.0/',
  'http://[::]/',
];

describe('hosts of models', () => {
  it('are all but those that no model is at, where none are listed', () => {
    const hosts = new ModelHosts([]);
    for (const url of METADATA) expect([url, allows(hosts, url)]).toEqual([url, false]);
    for (const url of ['https://api.openai.com/v1', 'http://10.1.2.3:8000/v1', 'http://localhost:11434/v1']) {
      expect([url, allows(hosts, url)]).toEqual([url, true]);
    }
  });

  it('are the listed ones alone, where some are: names, domains, addresses, networks', () => {
    const list = ['api.deepseek.com', '*.example.com', '10.1.0.0/16', 'fd12::/64', '169.254.7.7'];
    const hosts = new ModelHosts(list, ['llm.internal']);
    const allowed = [
      'https://api.deepseek.com/v1',
      'https://API.DeepSeek.com./v1',
      'https://a.b.example.com/v1',
      'http://10.1.255.1/v1',
      'http://[fd12::5]/v1',
      'http://169.254.7.7/v1',
      'http://llm.internal/v1',
    ];
    for (const url of allowed) expect([url, allows(hosts, url)]).toEqual([url, true]);
    const refused = [
      'https://api.openai.com/v1',
      'https://example.com/v1',
      'https://evil-example.com/v1',
      'http://10.2.0.1/v1',
      'http://127.0.0.1/v1',
      ...METADATA,
    ];
    for (const url of refused) expect([url, allows(hosts, url)]).toEqual([url, false]);
  });

  it.each(['http://x.example', 'a b', '10.0.0.0/33', '10.0.0.0/8/1', '-x'])(
    '%s is no entry of the list',
    (entry) => {
      expect(() => new ModelHosts([entry])).toThrow(/MODEL_HOSTS: "/);
    },
  );

  it('are refused by their address too, whatever they are called', async () => {
    const lookup = promisify(new ModelHosts([]).lookup as never) as (
      name: string,
      options: object,
    ) => Promise<unknown>;
    await expect(lookup('localhost', { all: true })).resolves.toBeDefined();
    // A name is looked up by the system, which takes an address for the name of itself.
    await expect(lookup('169.254.169.254', { all: true })).rejects.toMatchObject({ reason: 'forbidden' });
  });
});

describe('a provider at a host that may not be reached', () => {
  let server: FakeChatServer;
  let booted: BootedModels;
  beforeAll(async () => {
    server = await FakeChatServer.start();
    booted = await bootModels({ MODEL_HOSTS: '127.0.0.1' });
  });
  afterAll(async () => {
    await booted?.close();
    await server?.close();
  });

  it('is not made, and says who may allow it', () =>
    booted.as(async () => {
      const refused = {
        code: 'INVALID_INPUT',
        params: { field: 'baseUrl', detail: expect.stringMatching(/MODEL_HOSTS/) },
      };
      const make = addModel(booted, 'http://169.254.169.254/v1');
      await expect(make).rejects.toMatchObject({ problem: refused });
      const { providerId } = await addModel(booted, server.url);
      const change = booted.models.updateProvider({ id: providerId, baseUrl: 'https://api.openai.com/v1' });
      await expect(change).rejects.toMatchObject({ problem: refused });
    }));

  it('is not called, also where it was made before the list', () =>
    booted.as(async () => {
      const { name, providerId } = await addModel(booted, server.url);
      server.say('fine');
      expect((await ask(booted, { model: name })).result?.text).toBe('fine');
      await booted.modules.kernel.database.dataSource.query(
        `update model_provider set base_url = replace(base_url, '127.0.0.1', 'localhost') where id = $1`,
        [providerId],
      );
      // The change of another process counts once the catalog is read again.
      await booted.models.updateProvider({ id: providerId, name: `of-${name}-again` });
      const requests = server.requests.length;
      const { error } = await ask(booted, { model: name });
      expect(error).toMatchObject({
        problem: { code: 'MODEL_UNAVAILABLE', params: { reason: expect.stringMatching(/MODEL_HOSTS/) } },
      });
      expect(server.requests).toHaveLength(requests);
      const row = (await booted.ledger()).at(-1);
      expect(row).toMatchObject({ outcome: 'MODEL_UNAVAILABLE forbidden', attempts: 1 });
    }));
});
