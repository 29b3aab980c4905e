import { existsSync, realpathSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The module that runs in the parsing process: beside this one, as source or compiled. */
export const CHILD = realpathSync(
  fileURLToPath(new URL(`./child${extname(import.meta.url)}`, import.meta.url)),
);

/**
 * @returns the flags that hold the child down: the memory that it may have, and that it may read nothing but its code
 * and the file, write nowhere but in the work folder, and start nothing
 */
export function childFlags(path: string, workDir: string, maxRssBytes: number): string[] {
  const megabytes = Math.max(64, Math.floor((maxRssBytes >> 20) * 0.75));
  const readable = [path, workDir, dirname(CHILD), ...modulePaths(dirname(CHILD))];
  return [
    `--max-old-space-size=${megabytes}`,
    `--wasm-max-mem-pages=${Math.floor((maxRssBytes / 65_536) * 0.85)}`,
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=SecurityWarning',
    '--permission',
    ...readable.map((each) => `--allow-fs-read=${each}`),
    `--allow-fs-write=${workDir}`,
    ...(extname(CHILD) === '.ts' ? ['--import', FROM_SOURCE] : []),
  ];
}

/** From source, an import of `./x.js` means `./x.ts`; Node strips the types itself. */
const FROM_SOURCE = `data:text/javascript,${encodeURIComponent(
  `import { registerHooks } from 'node:module';
registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier.startsWith('.') && context.parentURL?.endsWith('.ts') ? specifier.replace(/\\.js$/, '.ts') : specifier, context),
});`,
)}`;

/** @returns where Node looks for packages and for what kind of module a file is, from a folder upwards. */
function modulePaths(folder: string): string[] {
  const paths: string[] = [];
  for (let at = folder; at !== dirname(at); at = dirname(at))
    for (const name of ['node_modules', 'package.json'])
      if (existsSync(join(at, name))) paths.push(join(at, name));
  return paths;
}
