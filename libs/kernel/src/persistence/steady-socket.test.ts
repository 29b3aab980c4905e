import { once } from 'node:events';
import net from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { steadySocket } from './steady-socket.js';

/** A message of a type and so many bytes, all the same. */
function messageOf(bytes: number, type: number): Buffer {
  const message = Buffer.alloc(5 + bytes, type);
  message.writeUInt32BE(4 + bytes, 1);
  return message;
}

describe('a steady socket', () => {
  const open: { close(): unknown }[] = [];
  afterEach(() => open.splice(0).forEach((server) => server.close()));

  /** What a socket hands on of bytes that are sent in pieces of some sizes, one after the other. */
  async function handedOn(sent: Buffer, sizes: number[]): Promise<Buffer[]> {
    const send = async (peer: net.Socket) => {
      peer.setNoDelay(true);
      for (let at = 0, i = 0; at < sent.length; i++) {
        const size = sizes[i % sizes.length]!;
        peer.write(sent.subarray(at, at + size));
        at += size;
        await setImmediate();
      }
      peer.end();
    };
    const server = net.createServer((peer) => void send(peer));
    open.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = steadySocket({});
    const pieces: Buffer[] = [];
    // As pg's parser does, it looks at the bytes while it is called.
    socket.on('data', (piece: Buffer) => pieces.push(Buffer.from(piece)));
    socket.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    await once(socket, 'end');
    return pieces;
  }

  it.each([[[1]], [[3, 70_000]], [[65_536]], [[400_000]], [[5, 1, 100]]])(
    'hands on whole messages of any length, in their order, sent in pieces of %s bytes',
    async (sizes) => {
      const lengths =
        sizes.length === 1 && sizes[0] === 1 ? [0, 7, 300] : [0, 65_530, 65_531, 3, 300_000, 0, 90_000];
      const messages = [...lengths, ...lengths].map((length, i) => messageOf(length, 65 + i));
      const pieces = await handedOn(Buffer.concat(messages), sizes);
      expect(Buffer.concat(pieces).equals(Buffer.concat(messages))).toBe(true);
      for (const piece of pieces) {
        let at = 0;
        while (at < piece.length) at += 1 + piece.readUInt32BE(at + 1);
        expect(at).toBe(piece.length);
      }
    },
  );

  it('is an ordinary one for a connection that is going to be encrypted', async () => {
    const server = net.createServer((peer) => peer.end('S'));
    open.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = steadySocket({ ssl: true });
    socket.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    expect(String((await once(socket, 'data'))[0])).toBe('S');
    await once(socket, 'end');
  });
});
