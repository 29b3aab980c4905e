import { existsSync } from 'node:fs';
import { aptInstall, findProgram, mayInstall } from './process.ts';

/** Names under which Chromium, or Chrome, is on the PATH. */
const PROGRAMS = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
];

/** Where it is elsewhere. */
const PATHS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/**
 * Path of a Chromium or Chrome that can be driven; installs one where there is none.
 *
 * @throws Error that says what to do where none can be had.
 */
export function findBrowser(): string {
  const find = () =>
    PROGRAMS.map(findProgram).find((path) => path !== undefined) ?? PATHS.find((path) => existsSync(path));
  const given = process.env.MIDPLANE_TEST_BROWSER;
  const there = given ?? find();
  if (there) return there;
  let failure = '';
  if (mayInstall()) {
    console.error('Installing a browser (half a minute, once) …');
    try {
      aptInstall('chromium-headless-shell');
      return find()!;
    } catch (error) {
      failure = `\nTried and failed: ${(error as Error).message}`;
    }
  }
  throw new Error(
    'No browser can be had here: put chromium or google-chrome on the PATH, set MIDPLANE_TEST_BROWSER to its ' +
      `path, or run this as root on Debian.${failure}`,
  );
}
