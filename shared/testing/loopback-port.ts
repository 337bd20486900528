/// <reference types="node" />

import {once} from 'node:events';
import type {Server} from 'node:net';

/** Starts a TCP server on loopback. @returns its port. */
export async function listenOnLoopback(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address');
  return address.port;
}

/**
 * A port of loopback that refuses connections. Systems give ports below 1024 to
 * nobody who did not ask for one by its number, so no other test can come by it.
 */
export const CLOSED_PORT = 2;
