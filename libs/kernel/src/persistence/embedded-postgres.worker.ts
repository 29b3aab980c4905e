/** Postgres 18 in WASM on a thread of its own, so that a long query never holds up the event loop. */
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { pg_textsearch } from '@electric-sql/pglite-pg_textsearch';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

const { dataDir, socketPath } = workerData as { dataDir: string; socketPath: string };

const db = await PGlite.create({ dataDir, extensions: { vector, pg_textsearch } });
const server = new PGLiteSocketServer({ db, path: socketPath, maxConnections: 100 });
await server.start();
parentPort?.postMessage('ready');
parentPort?.once('message', () => {
  void (async () => {
    await server.stop();
    await db.close();
    parentPort?.postMessage('stopped');
    parentPort?.close();
  })();
});
