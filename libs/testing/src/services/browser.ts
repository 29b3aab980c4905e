import { askForService } from './broker.js';

/**
 * Path of a Chromium or Chrome on this machine, for a driver such as playwright-core; it is installed where it may be.
 *
 * @throws Error with what to do where none can be had.
 */
export async function testBrowser(): Promise<string> {
  return (await askForService<{ path: string }>('/browser')).path;
}
