/**
 * Postgres 18 in WASM on a thread of its own, so that a long query never holds up the event loop.
 *
 * All connections share one session, so which of them is served when matters: between the messages of an extended
 * query (Parse, Bind, … up to Sync) and between the statements of a transaction nobody else may come in.
 * @electric-sql/pglite-socket 0.2 lets others in between the former: they then read each other's rows.
 *
 * Node runs this file from the source as well: it imports packages only, and its types can be erased.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { pg_textsearch } from '@electric-sql/pglite-pg_textsearch';
import { vector } from '@electric-sql/pglite-pgvector';

/** Requests that come before the first message: https://www.postgresql.org/docs/18/protocol-message-formats.html */
const CANCEL_REQUEST = 80877102;
const ENCRYPTION_REQUESTS = [80877103, 80877104];

/** Messages after which the server answers and others may be served: Query, Sync, FunctionCall, CopyDone, CopyFail. */
const ENDS_BATCH = new Set('QSFcf');
const FLUSH = 'H';
const TERMINATE = 'X';

/** Ends whatever a connection that went away has left open. */
const RESET = Buffer.from('S\0\0\0\x04' + 'Q\0\0\0\x0drollback\0', 'latin1');

interface Connection {
  socket: Socket;
  started: boolean;
  closed: boolean;
  received: Buffer;
  /** Messages of a batch that has not ended yet. */
  batch: Buffer[];
}

interface Batch {
  connection: Connection;
  bytes: Buffer;
  /** After it the connection goes on with the same extended query. */
  unfinished: boolean;
}

const { dataDir, socketPath } = workerData as { dataDir: string; socketPath: string };
const db = await PGlite.create({ dataDir, extensions: { vector, pg_textsearch } });

const connections = new Set<Connection>();
let queue: Batch[] = [];
/** Who is in a transaction or an unfinished query: only their batches are run. */
let owner: Connection | undefined;
let serving = false;
let served: Promise<void> = Promise.resolve();

/** Ends in the same tick in which it has seen that nothing can be run, so that no batch is missed. */
async function serve(): Promise<void> {
  serving = true;
  for (;;) {
    if (owner?.closed) {
      await run(RESET, () => undefined);
      owner = undefined;
    }
    const batch = owner ? queue.find(({ connection }) => connection === owner) : queue[0];
    if (!batch) break;
    queue.splice(queue.indexOf(batch), 1);
    const { connection, bytes, unfinished } = batch;
    try {
      await run(bytes, (data) => connection.socket.writable && connection.socket.write(Buffer.from(data)));
    } catch (error) {
      connection.socket.destroy(error as Error);
    }
    owner = unfinished || db.isInTransaction() ? connection : undefined;
  }
  serving = false;
}

function run(bytes: Buffer, answer: (data: Uint8Array) => void): Promise<void> {
  return db.execProtocolRawStream(new Uint8Array(bytes), { onRawData: answer });
}

function wake(): void {
  if (!serving) served = serve();
}

function accept(socket: Socket): void {
  const connection: Connection = {
    socket,
    started: false,
    closed: false,
    received: Buffer.alloc(0),
    batch: [],
  };
  connections.add(connection);
  socket.setNoDelay(true);
  socket.on('data', (data) => {
    connection.received = Buffer.concat([connection.received, data]);
    while (takeMessage(connection));
    wake();
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    connection.closed = true;
    connections.delete(connection);
    queue = queue.filter((batch) => batch.connection !== connection);
    wake();
  });
}

/** Moves one whole message from what was received to the connection's batch. @returns false where there is none */
function takeMessage(connection: Connection): boolean {
  const { received, started, socket } = connection;
  const lengthAt = started ? 1 : 0;
  if (received.length < lengthAt + 4) return false;
  const size = lengthAt + received.readInt32BE(lengthAt);
  if (received.length < Math.max(size, 5)) return false;
  const message = received.subarray(0, size);
  connection.received = received.subarray(size);

  if (!started) {
    const code = message.readInt32BE(4);
    if (ENCRYPTION_REQUESTS.includes(code)) socket.write('N');
    else if (code === CANCEL_REQUEST) socket.end();
    else {
      connection.started = true;
      queue.push({ connection, bytes: message, unfinished: false });
    }
    return true;
  }
  const type = String.fromCharCode(message[0]!);
  if (type === TERMINATE) {
    socket.end();
    return true;
  }
  connection.batch.push(message);
  if (ENDS_BATCH.has(type) || type === FLUSH) {
    queue.push({ connection, bytes: Buffer.concat(connection.batch), unfinished: type === FLUSH });
    connection.batch = [];
  }
  return true;
}

const server: Server = createServer(accept);
await new Promise<void>((listening) => server.listen(socketPath, listening));
parentPort?.postMessage('ready');
parentPort?.once('message', () => {
  void (async () => {
    server.close();
    // The end of each connection may have something to roll back, which is served before the database closes.
    await Promise.all(
      [...connections].map(({ socket }) => new Promise((closed) => socket.once('close', closed).destroy())),
    );
    await served;
    await db.close();
    parentPort?.postMessage('stopped');
    parentPort?.close();
  })();
});
