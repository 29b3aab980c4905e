import { request } from 'node:http';

/**
 * Asks the run's broker (`tools/src/services/test-services.ts`, vitest's global setup) for a server.
 *
 * @throws Error with what to do where the server cannot be had on this machine.
 */
export function askForService<Answer>(path: string): Promise<Answer> {
  const socketPath = process.env.MIDPLANE_TEST_SERVICES;
  if (!socketPath) {
    throw new Error(
      'Tests that need Postgres, Redis or a browser run through the vitest.config.ts at the root: npm test',
    );
  }
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, method: 'POST' }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => {
        const body = JSON.parse(text) as Answer & { error?: string };
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(body.error));
      });
    });
    call.on('error', reject).end();
  });
}
