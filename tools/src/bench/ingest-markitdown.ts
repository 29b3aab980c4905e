import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const VERSION = '0.1.8';

/** A long PDF takes it most of an hour: what is not done by then is given up, and shown as such. */
const LIMIT_SECONDS = 120;

const SCRIPT = `
import json, signal, sys, time, warnings
warnings.filterwarnings('ignore')
from markitdown import MarkItDown
converter = MarkItDown()
def give_up(*_): raise KeyboardInterrupt
signal.signal(signal.SIGALRM, give_up)
for path in sys.argv[1:]:
    begun = time.perf_counter()
    signal.alarm(${LIMIT_SECONDS})
    try:
        length = len(converter.convert(path).text_content)
    except (Exception, KeyboardInterrupt) as error:
        length = None
    signal.alarm(0)
    print(json.dumps({'path': path, 'seconds': time.perf_counter() - begun, 'characters': length}), flush=True)
`;

/** How markitdown converted a file. */
export interface Conversion {
  path: string;
  seconds: number;
  /** Length of the text; null where it failed, or was given up after `LIMIT_SECONDS`. */
  characters: number | null;
}

/**
 * Converts files with markitdown, all in one Python process, whose start is not counted.
 * @param cache git-ignored folder that its virtual environment is kept in
 * @returns why it could not be had, or the conversions in the files' order
 */
export function convertWithMarkitdown(cache: string, paths: string[]): Conversion[] | string {
  const environment = join(cache, `markitdown-${VERSION}`);
  const python = join(environment, 'bin', 'python');
  if (!existsSync(join(environment, 'installed'))) {
    const made = spawnSync('python3', ['-m', 'venv', environment], { encoding: 'utf8' });
    if (made.status !== 0) return `python3 -m venv failed: ${made.error?.message ?? lastLine(made.stderr)}`;
    const packages = `markitdown[pdf,docx,pptx,xlsx]==${VERSION}`;
    const installed = spawnSync(python, ['-m', 'pip', 'install', '--quiet', packages], { encoding: 'utf8' });
    if (installed.status !== 0) return `pip install ${packages} failed: ${lastLine(installed.stderr)}`;
    spawnSync('touch', [join(environment, 'installed')]);
  }
  const run = spawnSync(python, ['-c', SCRIPT, ...paths], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (run.status !== 0) return `it failed: ${lastLine(run.stderr)}`;
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Conversion);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
