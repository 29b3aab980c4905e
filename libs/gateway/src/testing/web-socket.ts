import { WebSocket } from 'ws';
import type { Data, TestClient } from './boot-gateway.js';

/** Runs one operation by graphql-transport-ws, with the key in the header of the upgrade and none in its payload. */
export async function webSocketWithHeader({ url, authorization }: TestClient, query: string): Promise<Data> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    headers: authorization,
  });
  try {
    return await new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
      socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init' })));
      socket.on('message', (text: Buffer) => {
        const message = JSON.parse(text.toString()) as { type: string; payload: Data };
        if (message.type === 'connection_ack') {
          socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
        }
        if (message.type === 'next') resolve(message.payload);
      });
    });
  } finally {
    socket.terminate();
  }
}
