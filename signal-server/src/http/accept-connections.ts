import {once} from 'node:events';
import type {Server as HttpServer} from 'node:http';
import {createServer, type ListenOptions, type Server, type Socket} from 'node:net';
import {assert} from '#shared/base/assert.ts';

export type Accepting = {
  readonly port: number;
  /** Accepts nobody from then on. Resolves when every connection has closed. */
  close(): Promise<void>;
};

/**
 * Node takes one connection from each listening socket per turn of its event loop. With a
 * single socket, whoever comes after three thousand waits for three thousand turns, each of
 * them full of other work: seconds, on a busy machine.
 */
const LISTENER_COUNT = 32;
/** Connections that the system holds for all of them while this process is busy. */
const BACKLOG = 4_096;

type Address = {readonly port: number; readonly host: string};

/**
 * Lets `http` listen, and others beside it on the same port that pass their connections to it.
 *
 * @throws what `net.Server` reports when it cannot listen.
 */
export async function acceptConnections(http: HttpServer, address: Address): Promise<Accepting> {
  const listeners = await openListeners(http, address);
  return {
    port: portOf(http),
    close: async () => {
      await Promise.all(listeners.map(closeListener));
    },
  };
}

async function openListeners(http: HttpServer, {port, host}: Address): Promise<readonly Server[]> {
  // Only this process may share the port with itself: a second server on it is somebody's mistake.
  if (port !== 0) await closeListener(await open(createServer(), {port, host}));
  const shared = {host, reusePort: true, backlog: BACKLOG / LISTENER_COUNT};
  try {
    await open(http, {...shared, port});
  } catch (error) {
    if (!isUnsupported(error)) throw error;
    return [await open(http, {port, host, backlog: BACKLOG})];
  }
  const passOn = (socket: Socket) => http.emit('connection', socket);
  const others = Array.from({length: LISTENER_COUNT - 1}, () =>
    // As `http.Server` opens them.
    open(createServer({allowHalfOpen: true, noDelay: true}, passOn), {
      ...shared,
      port: portOf(http),
    }),
  );
  return [http, ...(await Promise.all(others))];
}

async function open<S extends Server>(server: S, options: ListenOptions): Promise<S> {
  server.listen(options);
  await once(server, 'listening');
  return server;
}

async function closeListener(listener: Server): Promise<void> {
  const closed = once(listener, 'close');
  listener.close();
  await closed;
}

/** macOS and Windows do not spread connections over several sockets. */
function isUnsupported(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOTSUP';
}

function portOf(server: Server): number {
  const address = server.address();
  assert(address !== null && typeof address === 'object', 'the server listens on a TCP port');
  return address.port;
}
