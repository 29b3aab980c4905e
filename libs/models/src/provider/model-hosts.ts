import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { ConfigError } from '@midplane/kernel';
import { UpstreamFailure } from './upstream-failure.js';

/**
 * Addresses that no model is at, and that give whoever can make this process ask them more than they may have: what a
 * cloud tells its own machines, their keys included, and what means this network rather than a host on it.
 */
const NEVER: [address: string, prefix: number][] = [
  // Link-local (RFC 3927, RFC 4291): 169.254.169.254 of AWS, Azure, Google Cloud, Tencent Cloud and others.
  ['169.254.0.0', 16],
  ['fe80::', 10],
  // AWS over IPv6, Alibaba Cloud, Azure's platform.
  ['fd00:ec2::254', 128],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  // "This" network, multicast, broadcast (RFC 6890).
  ['0.0.0.0', 8],
  ['::', 128],
  ['224.0.0.0', 3],
  ['ff00::', 8],
];

const NAME = /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/;

/**
 * Which hosts models may be at. The URL of a provider is the word of a tenant's administrator, and where several
 * tenants share an installation that is not its operator's.
 */
export class ModelHosts {
  private readonly never = new BlockList();
  private readonly listed = new BlockList();
  private readonly names: string[] = [];
  /** Whether what stands in no list may be reached. */
  private readonly open: boolean;

  /**
   * @param list MODEL_HOSTS: host names, `*.` and a domain for all names under it, addresses and networks; empty: all
   *   hosts but those that no model is at
   * @param own hosts that the operator has named elsewhere
   * @throws ConfigError for an entry that is none of these
   */
  constructor(list: readonly string[], own: readonly string[] = []) {
    this.open = list.length === 0;
    for (const [address, prefix] of NEVER) this.never.addSubnet(address, prefix, familyOf(address));
    for (const entry of [...list, ...own]) this.add(entry.toLowerCase());
  }

  /** @param hostname of a URL. @returns whether it may be reached, as far as its name tells; its addresses count too */
  allows(hostname: string): boolean {
    const host = bare(hostname);
    if (isIP(host)) return this.allowsAddress(host, this.open);
    return this.open || this.isNamed(host);
  }

  /** Looks a name up for a connection, and refuses it where one of its addresses may not be reached. */
  readonly lookup: LookupFunction = (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      // A name that may be reached vouches for its addresses, other than those that no model is at.
      const refused = addresses?.some(({ address }) => !this.allowsAddress(address, true));
      if (error) done(error, []);
      else if (refused) done(new UpstreamFailure('forbidden'), []);
      else if (options.all) done(null, addresses);
      else done(null, addresses[0]!.address, addresses[0]!.family);
    });
  };

  private allowsAddress(address: string, unlisted: boolean): boolean {
    const family = familyOf(address);
    if (this.listed.check(address, family)) return true;
    return unlisted && !this.never.check(address, family);
  }

  private isNamed(host: string): boolean {
    const name = host.replace(/\.$/, '');
    return this.names.some((each) => (each.startsWith('*.') ? name.endsWith(each.slice(1)) : name === each));
  }

  private add(entry: string): void {
    const [address = '', prefix, more] = bare(entry).split('/');
    const family = isIP(address);
    const bits = family === 4 ? 32 : 128;
    if (family && more === undefined && (prefix === undefined || /^\d{1,3}$/.test(prefix))) {
      const length = Number(prefix ?? bits);
      if (length <= bits) {
        this.listed.addSubnet(address, length, familyOf(address));
        return;
      }
    } else if (NAME.test(entry)) {
      this.names.push(entry.replace(/\.$/, ''));
      return;
    }
    throw new ConfigError(
      `MODEL_HOSTS: "${entry}" is no host name, no *.domain, no address and no network such as 10.1.0.0/16.`,
    );
  }
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** URLs have IPv6 addresses in brackets. */
const bare = (hostname: string): string => hostname.toLowerCase().replace(/^\[(.*)\]/, '$1');
