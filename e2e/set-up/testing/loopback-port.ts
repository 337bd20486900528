/// <reference types="node" />

import {once} from 'node:events';
import {createServer, type Server} from 'node:net';

/** Starts a TCP server on loopback. @returns its port. */
export async function listenOnLoopback(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address');
  return address.port;
}

/** A port of loopback that refuses connections: it was open a moment ago. */
export async function findClosedPort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server);
  server.close();
  await once(server, 'close');
  return port;
}
