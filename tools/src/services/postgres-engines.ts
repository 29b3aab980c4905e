import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync, writeFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHash, randomUUID } from 'node:crypto';
import { dockerAnswers, findProgram, mayInstall, run } from './process.ts';
import type { ServerPlan } from './process.ts';

const repositoryRoot = fileURLToPath(new URL('../../../', import.meta.url));
const installer = fileURLToPath(new URL('../../services/install-postgres.sh', import.meta.url));
const dockerImage = 'midplane-postgres:18';

/** What is to be run: a data directory, made where it is empty, served on a loopback port. */
export interface PostgresRun {
  /** Folder of the cluster, which exists; `data` in it is Postgres' own. */
  dir: string;
  port: number;
  user: string;
  password: string;
  settings: Record<string, string>;
}

/** A way to run Postgres 18 with pgvector and pg_textsearch. */
export interface PostgresEngine {
  /** Short description for a person. */
  name: string;
  /** Makes the cluster where there is none, and says how to serve it. */
  prepare(run: PostgresRun): Omit<ServerPlan, 'log'>;
}

/** Folder that keeps what is installed for this user, across clones. */
export function servicesCache(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'midplane', 'services');
}

/** A command line with the user that it runs as. */
interface Invocation {
  command: string;
  args: string[];
  uid?: number;
  gid?: number;
}

/** Programs of an installed Postgres: how one is called, and the path under which it sees the cluster's folder. */
interface Installation {
  name: string;
  invoke(program: 'initdb' | 'postgres', dir: string, args: string[]): Invocation;
  seenAs(dir: string): string;
  /** Owner that the data must have, where this process is root and Postgres must not be. */
  owner?: { uid: number; gid: number };
}

function engineOf(installation: Installation): PostgresEngine {
  return {
    name: installation.name,
    prepare({ dir, port, user, password, settings }) {
      const seen = installation.seenAs(dir);
      const own = (path: string) =>
        installation.owner && chownSync(path, installation.owner.uid, installation.owner.gid);
      own(dir);
      if (!existsSync(join(dir, 'data', 'PG_VERSION'))) {
        const passwordFile = join(dir, 'initdb.password');
        writeFileSync(passwordFile, password, { mode: 0o600 });
        own(passwordFile);
        const { command, args, ...as } = installation.invoke('initdb', dir, [
          ...['--pgdata', `${seen}/data`, '--username', user, '--pwfile', `${seen}/initdb.password`],
          ...['--auth=scram-sha-256', '--encoding=UTF8', '--no-locale', '--no-sync', '--no-instructions'],
          ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
        ]);
        try {
          run(command, args, as);
        } finally {
          rmSync(passwordFile, { force: true });
        }
      }
      // The settings hold no secret; the password is only in the cluster and in the caller's memory or file.
      const all = {
        listen_addresses: '127.0.0.1',
        port: String(port),
        unix_socket_directories: '',
        ...settings,
      };
      const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      // SIGINT is Postgres' fast shutdown: it ends the sessions and writes a checkpoint.
      return { ...installation.invoke('postgres', dir, ['-D', `${seen}/data`, ...flags]), signal: 'SIGINT' };
    },
  };
}

/** Postgres 18 of the machine itself, where it has both extensions. */
function nativeInstallation(): Installation | undefined {
  const fromPath = findProgram('pg_config');
  const folders = [
    '/usr/lib/postgresql/18/bin',
    '/usr/pgsql-18/bin',
    '/opt/homebrew/opt/postgresql@18/bin',
    '/usr/local/opt/postgresql@18/bin',
    ...(fromPath ? [run(fromPath, ['--bindir']).trim()] : []),
  ];
  const folder = folders.find((bin) => {
    if (!['initdb', 'postgres', 'pg_config'].every((program) => existsSync(join(bin, program)))) return false;
    if (!/ 18[.\s]/.test(run(join(bin, 'postgres'), ['--version']))) return false;
    const extensions = join(run(join(bin, 'pg_config'), ['--sharedir']).trim(), 'extension');
    return ['vector', 'pg_textsearch'].every((name) => existsSync(join(extensions, `${name}.control`)));
  });
  if (!folder) return undefined;
  const owner = process.getuid?.() === 0 ? userOf('/etc/passwd', ['postgres', 'nobody']) : undefined;
  return {
    name: `Postgres in ${folder}`,
    invoke: (program, _dir, args) => ({ command: join(folder, program), args, ...owner }),
    seenAs: (dir) => dir,
    owner,
  };
}

/** Postgres 18 that `install-postgres.sh` laid out; installs it where `install` is true. */
function chrootInstallation(install: boolean): Installation | undefined {
  const root = join(servicesCache(), 'postgres-18');
  if (process.getuid?.() !== 0) return undefined;
  if (!existsSync(join(root, '.installed'))) {
    if (!install) return undefined;
    console.error('Installing Postgres 18 with pgvector and pg_textsearch (about a minute, once) …');
    run('bash', [installer, root]);
  }
  const owner = userOf(join(root, 'etc/passwd'), ['postgres']);
  // Mounts are made in a namespace that ends with the server. Each word after the script is one of its "$@".
  const script = `set -e; root=$1 dir=$2 user=$3; shift 3
    mount --rbind /dev "$root/dev"; mount -t proc proc "$root/proc"; mount --bind "$dir" "$root/mnt"
    exec chroot --userspec="$user" "$root" "$@"`;
  return {
    name: `Postgres in ${root}`,
    invoke: (program, dir, args) => ({
      command: 'unshare',
      args: [
        ...[
          '--mount',
          '--propagation',
          'private',
          'sh',
          '-c',
          script,
          'sh',
          root,
          dir,
          `${owner.uid}:${owner.gid}`,
        ],
        ...[`/usr/lib/postgresql/18/bin/${program}`, ...args],
      ],
    }),
    seenAs: () => '/mnt',
    owner,
  };
}

/** Postgres 18 of `docker/postgres/Dockerfile`, in a container. */
function dockerEngine(): PostgresEngine {
  return {
    name: `Postgres in Docker (${dockerImage})`,
    prepare({ dir, port, user, password, settings }) {
      if (spawnSync('docker', ['image', 'inspect', dockerImage], { stdio: 'ignore' }).status !== 0) {
        console.error('Building the Postgres image (a minute or two, once) …');
        run('docker', ['build', '--quiet', '--tag', dockerImage, join(repositoryRoot, 'docker/postgres')]);
      }
      const container = `midplane-postgres-${randomUUID()}`;
      const secrets = join(dir, 'docker.env');
      writeFileSync(secrets, `POSTGRES_USER=${user}\nPOSTGRES_PASSWORD=${password}\n`, { mode: 0o600 });
      // The image's user is not ours, so a cluster that is kept lives in a volume named after its folder.
      const volume = `midplane-postgres-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}`;
      const kept = dir.startsWith(tmpdir()) ? [] : ['--volume', `${volume}:/var/lib/postgresql/data`];
      return {
        command: 'docker',
        args: [
          ...['run', '--rm', '--name', container, '--env-file', secrets, '--shm-size', '1g', ...kept],
          ...['--publish', `127.0.0.1:${port}:5432`, dockerImage],
          ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
        ],
        signal: 'SIGINT',
        cleanup: ['docker', 'rm', '--force', container],
        remove: [secrets],
      };
    },
  };
}

function userOf(passwd: string, names: string[]): { uid: number; gid: number } {
  const lines = readFileSync(passwd, 'utf8').split('\n');
  for (const name of names) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error(`${passwd} has none of the users ${names.join(', ')}, and Postgres does not run as root`);
}

/**
 * Finds Postgres 18 with pgvector and pg_textsearch on the machine, or installs it, or finds Docker to run it.
 *
 * @throws Error that says what can be done where none of that is possible.
 */
export function findPostgres(): PostgresEngine {
  const there = nativeInstallation() ?? chrootInstallation(false);
  if (there) return engineOf(there);
  const failures: string[] = [];
  if (mayInstall()) {
    try {
      return engineOf(chrootInstallation(true)!);
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  if (dockerAnswers()) return dockerEngine();
  throw new Error(
    [
      'No Postgres 18 with pgvector and pg_textsearch can be had here. One of these helps:',
      '  - set MIDPLANE_TEST_DATABASE_URL to one whose role is a superuser;',
      '  - install the Debian packages postgresql-18, postgresql-18-pgvector and postgresql-18-pg-textsearch;',
      '  - run this as root on Debian or Ubuntu, where it installs them itself in a folder of their own;',
      '  - start Docker.',
      ...failures.map((failure) => `Tried and failed: ${failure}`),
    ].join('\n'),
  );
}
