import { WebSocket } from 'ws';
import type { Data, TestClient } from './boot-gateway.js';

interface Message {
  type: string;
  payload: Data;
}

/** Opens a socket by graphql-transport-ws, with the key in the header of the upgrade and none in the payload. */
function connect({ url, authorization }: TestClient): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    headers: authorization,
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init' })));
    socket.on('message', (text: Buffer) => {
      if ((JSON.parse(text.toString()) as Message).type === 'connection_ack') resolve(socket);
    });
  });
}

const subscribe = (socket: WebSocket, query: string, variables: object) =>
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables } }));

/** Runs one operation. @returns its first result */
export async function webSocketWithHeader(client: TestClient, query: string): Promise<Data> {
  const socket = await connect(client);
  try {
    return await new Promise((resolve) => {
      socket.on('message', (text: Buffer) => {
        const message = JSON.parse(text.toString()) as Message;
        if (message.type === 'next') resolve(message.payload);
      });
      subscribe(socket, query, {});
    });
  } finally {
    socket.terminate();
  }
}

/** Begins a subscription. @returns what cuts the connection, without a goodbye */
export async function openSubscription(
  client: TestClient,
  query: string,
  variables: object,
): Promise<() => void> {
  const socket = await connect(client);
  subscribe(socket, query, variables);
  return () => socket.terminate();
}
