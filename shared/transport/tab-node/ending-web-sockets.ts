import type {DialTransportOptions, Transport} from '@libp2p/interface';
import {webSockets, type WebSocketsComponents} from '@libp2p/websockets';
import type {Multiaddr} from '@multiformats/multiaddr';
import {assert} from '../../base/assert.ts';
import {untilAborted} from '../../base/until-aborted.ts';

/** What an API user may close with; anything else makes `close` throw (RFC 6455, 7.4.1). */
const NORMAL_CLOSURE = 1000;
const FIRST_OWN_CODE = 3000;

/**
 * libp2p's WebSocket transport for those who dial, with sockets that end when
 * their connection does.
 *
 * In @libp2p/websockets 10.1.21 an aborted connection closes its socket with
 * 1006, which throws and is only logged: the socket stays open at both ends. A
 * dial that is aborted or whose handshake fails does not close its socket at
 * all, and a browser opens no second one to that host while the first connects.
 *
 * @param urlOf where the socket of an address is.
 */
export function endingWebSockets(
  urlOf: (address: Multiaddr) => string,
): (components: WebSocketsComponents) => Transport {
  return (components) => {
    const transport = webSockets()(components);
    assert('_connect' in transport, 'the transport opens its sockets in one place');
    const sockets = new WeakMap<object, WebSocket>();
    const dial = transport.dial.bind(transport);
    return Object.assign(transport, {
      _connect: async (address: Multiaddr, options: DialTransportOptions): Promise<WebSocket> => {
        options.signal.throwIfAborted();
        const socket = createSocket(urlOf(address));
        sockets.set(options, socket);
        await untilOpen(socket, options.signal);
        return socket;
      },
      dial: async (address: Multiaddr, options: DialTransportOptions) => {
        try {
          return await dial(address, options);
        } catch (cause) {
          sockets.get(options)?.close();
          throw cause;
        }
      },
    });
  };
}

function createSocket(url: string): WebSocket {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  const close = socket.close.bind(socket);
  socket.close = (code, reason) => {
    const isAllowed = code === NORMAL_CLOSURE || (code !== undefined && code >= FIRST_OWN_CODE);
    if (isAllowed) close(code, reason);
    else close();
  };
  return socket;
}

/** @throws the reason of `signal`; an error without details when the socket fails: browsers tell none. */
async function untilOpen(socket: WebSocket, signal: AbortSignal): Promise<void> {
  const opened = Promise.withResolvers<void>();
  socket.addEventListener('open', () => opened.resolve(), {once: true});
  socket.addEventListener('error', () => opened.reject(new Error(`${socket.url} was refused`)), {
    once: true,
  });
  await untilAborted(opened.promise, signal);
}
