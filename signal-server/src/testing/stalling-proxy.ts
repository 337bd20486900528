import {createServer, connect, type Socket} from 'node:net';
import {listenOnLoopback} from '#shared/testing/loopback-port.ts';

/** A piece of network between tabs and a server that can fall silent without closing anything. */
export type StallingProxy = {
  readonly url: string;
  /** Connections that were opened and are not closed, from the side of the tabs. */
  readonly openCount: () => number;
  /** Connections that tabs have closed so far. */
  readonly closedCount: () => number;
  /** Where what comes next is forwarded to. */
  forwardTo(port: number): void;
  /** What is open is not forwarded any more, and not closed either. */
  stallOpen(): void;
  /** Whether what is opened from now on is accepted and never forwarded. */
  stallNext(isStalled: boolean): void;
  close(): Promise<void>;
};

export async function startStallingProxy(): Promise<StallingProxy> {
  let targetPort = 0;
  let isStalled = false;
  let closedCount = 0;
  const sockets = new Set<Socket>();
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((socket) => {
    keep(socket);
    if (isStalled) return;
    const target = connect(targetPort, '127.0.0.1');
    target.on('error', () => socket.destroy());
    target.on('close', () => {
      if (pairs.has(pair)) socket.destroy();
    });
    socket.on('close', () => target.destroy());
    const pair = [socket, target] as const;
    pairs.add(pair);
    socket.pipe(target);
    target.pipe(socket);
  });
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      closedCount += 1;
    });
  };
  const port = await listenOnLoopback(server);
  return {
    url: `http://127.0.0.1:${port}`,
    openCount: () => sockets.size,
    closedCount: () => closedCount,
    forwardTo: (next) => {
      targetPort = next;
    },
    stallOpen: () => {
      for (const [socket, target] of pairs) {
        socket.unpipe(target);
        target.unpipe(socket);
        socket.resume();
        target.resume();
      }
      pairs.clear();
    },
    stallNext: (next) => {
      isStalled = next;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
