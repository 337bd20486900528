import {createServer, type RequestListener, type Server} from 'node:http';
import type {BlockList, Socket} from 'node:net';
import type {Refusal} from '../limits/refusals.ts';
import {isTrusted, sourceAddress} from '../limits/source/source-address.ts';
import {StrangerSockets, type WaitingSocket} from '../limits/stranger-sockets.ts';

type Options = {
  readonly trustedProxies: BlockList;
  readonly refused: (reason: Refusal) => void;
  /** Sockets before a request, and again sockets with an open response. */
  readonly maxSockets: number;
  /** From the first byte of a request, or from the connection, to its last header. */
  readonly headersTimeoutMs: number;
};

/** A response that moves no byte for that long is given up. */
const IDLE_SOCKET_TIMEOUT_MS = 120_000;
const KEEP_ALIVE_TIMEOUT_MS = 5_000;
const MAX_CHECK_MS = 1_000;
/** Browsers wait for an answer before they ask again; a socket full of requests holds up all others. */
const MAX_OPEN_REQUESTS = 8;

/** An HTTP server on which silent, slow and broken sockets cost themselves only. */
export function createGuardedServer(options: Options, serve: RequestListener): Server {
  const {headersTimeoutMs, maxSockets, refused, trustedProxies} = options;
  const server = createServer({
    headersTimeout: headersTimeoutMs,
    requestTimeout: headersTimeoutMs * 3,
    connectionsCheckingInterval: Math.min(MAX_CHECK_MS, headersTimeoutMs),
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  });
  server.timeout = IDLE_SOCKET_TIMEOUT_MS;
  const asking = new StrangerSockets({maxSockets, refused});
  const served = new StrangerSockets({maxSockets, refused});
  const places = new WeakMap<Socket, WaitingSocket>();
  const openCounts = new WeakMap<Socket, number>();
  const enter = (socket: Socket, sockets: StrangerSockets) => {
    places.get(socket)?.leave();
    if (socket.destroyed) return;
    places.set(
      socket,
      sockets.add({source: keyOf(socket, trustedProxies), end: () => socket.destroy()}),
    );
  };
  server.on('connection', (socket) => {
    // Between two owners of a socket, as during an upgrade, nobody else listens.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => places.get(socket)?.leave());
    enter(socket, asking);
  });
  server.on('request', (request, response) => {
    const {socket} = request;
    if (socket.destroyed) return;
    const openCount = (openCounts.get(socket) ?? 0) + 1;
    openCounts.set(socket, openCount);
    if (openCount > MAX_OPEN_REQUESTS) {
      refused('http-pipelined');
      socket.destroy();
      return;
    }
    enter(socket, served);
    response.once('close', () => {
      const left = (openCounts.get(socket) ?? 1) - 1;
      openCounts.set(socket, left);
      if (left === 0) enter(socket, asking);
    });
    serve(request, response);
  });
  server.prependListener('upgrade', ({socket}) => places.get(socket)?.leave());
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code !== 'ECONNRESET') refused('http-broken');
    if (socket.writable && 'bytesWritten' in socket && socket.bytesWritten === 0) {
      socket.write(`HTTP/1.1 ${statusOf(error)}\r\nConnection: close\r\n\r\n`);
    }
    socket.destroy();
  });
  return server;
}

/** Behind a trusted proxy nobody knows whose socket it is before its request: each counts for itself. */
function keyOf(socket: Socket, trustedProxies: BlockList): string {
  const {ip, key} = sourceAddress({remoteAddress: socket.remoteAddress}, trustedProxies);
  return isTrusted(ip, trustedProxies) ? `${key} ${socket.remotePort}` : key;
}

function statusOf({code}: NodeJS.ErrnoException): string {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout';
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large';
  return '400 Bad Request';
}
