// Writes services of `apps` with all their packages as a few files each, to dist/bundles/<app>/main.js: a process holds the
// text and the objects of every module that it loads, and a gateway's are 3,000.
//   node docker/bundle.mjs gateway [app …]
// In CommonJS, for an import of `node:http` in an ES module makes Node load its own fetch, and 12 MB with it. One file for
// each package, for what V8 needs to read a file of megabytes stays with the process. ASCII alone, for a text with one
// other character takes two bytes for each.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const root = resolve(import.meta.dirname, '..');

/** A native module, found from beside its own file. */
const EXTERNAL = /^msgpackr-extract$/;

/** What a service needs of files of packages that would bring more. */
const ENOUGH = [
  // The drivers of all databases: ours is Postgres.
  [/\/typeorm\/driver\/(?!postgres\/)[^/]+\/\w+(Driver|QueryRunner)\.js$/, 'module.exports = {};'],
  // Fetch, WebSocket, caches and mocks beside it.
  [/\/undici\/index\.js$/, "module.exports = { Agent: require('./lib/dispatcher/agent.js') };"],
  // Its parsers that are not used: an experimental one, which an environment variable asks for, and that for processors
  // without vector instructions.
  [
    /\/undici\/lib\/(milo\/(no-)?simd|llhttp\/llhttp-wasm)\.js$/,
    `throw new Error('This parser of HTTP is left out of the bundle: start the service from dist/main.js.');`,
  ],
  // @fastify/static lists folders with it, where it is asked to; TypeORM finds entities by name with the other one.
  [/\/glob\/dist\/commonjs\/index\.min\.js$/, 'module.exports = {};'],
  [/\/tinyglobby\/dist\/index\.(m|c)?js$/, 'module.exports = {};'],
  // Schemas of routes, which are checked by zod here, and of answers, which graphql-jit writes with them where it is asked to.
  [
    /\/(@fastify\/(ajv|fast-json-stringify)-compiler|fast-json-stringify)\/index\.js$/,
    'module.exports = () => undefined;',
  ],
  // TypeORM formats SQL with it that it logs.
  [/\/@sqltools\/formatter\/lib\/index\.js$/, 'module.exports = {};'],
  // Streams as Node has them; READABLE_STREAM=disable would choose the same.
  [/\/readable-stream\/(readable|lib\/ours\/index)\.js$/, `module.exports = require('node:stream');`],
];

/** Code of ours, or of a package? */
const isOurs = (id) => id.startsWith(root) && !id.includes('node_modules');

/**
 * Our own code as tsc left it: with its map, so that stacks name lines of the sources, and with the place it has there,
 * from which it starts threads and reads the version. Of packages what is needed.
 */
const read = (folder) => ({
  name: 'read',
  async load(id) {
    const enough = ENOUGH.find(([file]) => file.test(id.replaceAll('\\', '/')));
    if (enough) return enough[1];
    if (!isOurs(id) || !existsSync(`${id}.map`)) return null;
    const [code, map] = await Promise.all([readFile(id, 'utf8'), readFile(`${id}.map`, 'utf8')]);
    const place = JSON.stringify(relative(folder, id).replaceAll('\\', '/'));
    return { code: code.replaceAll('import.meta.url', `new URL(${place}, import.meta.url).href`), map };
  },
});

/** Takes a package that npm installed several times in one version (ajv three times) once. */
function once() {
  const found = new Map();
  return {
    name: 'once',
    async resolveId(source, importer, options) {
      const resolved = await this.resolve(source, importer, { ...options, skipSelf: true });
      const [, folder, rest] =
        /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)([\\/].+)$/.exec(resolved?.id) ?? [];
      if (!folder || resolved.external) return resolved;
      const { name, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
      const key = `${name}@${version}`;
      if (!found.has(key)) found.set(key, folder);
      return { ...resolved, id: `${found.get(key)}${rest}` };
    },
  };
}

/** @returns name of the file that a module goes to: its package's, or its library's */
function fileOf(id) {
  const [, name] =
    /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(id) ??
    /[\\/]([^\\/]+)[\\/]dist[\\/]/.exec(id) ??
    [];
  return name?.replace(/^@/, '').replace(/[\\/]/, '-') ?? null;
}

async function bundle(app) {
  const folder = join(root, 'dist/bundles', app);
  const build = await rolldown({
    input: join(root, 'apps', app, 'dist/main.js'),
    platform: 'node',
    // Of rxjs the ES modules, which are one piece of code here; in CommonJS its 200 modules stay as many objects.
    resolve: { conditionNames: ['es2015', 'node', 'default'] },
    external: EXTERNAL,
    preserveEntrySignatures: false,
    plugins: [read(folder), once()],
    onLog(level, log, handler) {
      // What isn't installed is optional: it stays a `require`, which fails as it does without a bundle.
      if (log.code === 'UNRESOLVED_IMPORT' || log.code === 'EVAL') return;
      handler(level, log);
    },
  });
  const { output } = await build.generate({
    dir: folder,
    format: 'cjs',
    charset: 'ascii',
    // Names of functions and classes are kept: they are in errors, stacks and the schema.
    keepNames: true,
    minify: { compress: false, mangle: true, codegen: true },
    comments: false,
    sourcemap: 'hidden',
    sourcemapExcludeSources: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    strictExecutionOrder: true,
    // What only a lazy import needs goes to files of its own.
    codeSplitting: {
      groups: [
        { name: fileOf, debugName: 'package', entriesAware: true, includeDependenciesRecursively: false },
      ],
    },
  });
  await build.close();
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
  for (const { fileName, code, map, moduleIds } of output) {
    if (code === undefined) continue;
    const mapped = moduleIds.some(isOurs);
    if (mapped) await writeFile(join(folder, `${fileName}.map`), map.toString());
    await writeFile(join(folder, fileName), mapped ? `${code}//# sourceMappingURL=${fileName}.map\n` : code);
  }
}

for (const app of process.argv.slice(2)) await bundle(app);
