import {connect, createServer, type Socket} from 'node:net';
import {listenOnLoopback} from '#shared/testing/loopback-port.ts';

export type Forwarder = {readonly port: number; close(): Promise<void>};

/** A way to a server on this machine that comes from an address of the test's own. */
export async function startForwarder(to: {
  readonly fromAddress: string;
  readonly port: number;
}): Promise<Forwarder> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((socket) => {
    const {fromAddress: localAddress, port} = to;
    const forwarded = connect({host: '127.0.0.1', port, localAddress});
    for (const each of [socket, forwarded]) keep(each);
    socket.on('close', () => forwarded.destroy());
    forwarded.on('close', () => socket.destroy());
    socket.pipe(forwarded).pipe(socket);
  });
  const port = await listenOnLoopback(server);
  return {
    port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
