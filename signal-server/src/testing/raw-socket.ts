import {connect, type Socket} from 'node:net';

export type RawSocket = {
  /** As bytes, or as text of single-byte characters. */
  write(data: Uint8Array | string): void;
  /** All that has come, as text of single-byte characters. */
  received(): string;
  readonly isClosed: () => boolean;
  readonly closed: Promise<void>;
  /** Reads nothing from then on. */
  stopReading(): void;
  /** Ends it with a RST. */
  reset(): void;
};

/** A TCP connection to a server on this machine that says what the test wants. */
export function openRawSocket(port: number, localAddress = '127.0.0.1'): RawSocket {
  const socket: Socket = connect({port, host: '127.0.0.1', localAddress});
  let received = '';
  socket.on('data', (data) => {
    received += data.toString('latin1');
  });
  // The server may answer with a RST: that is what tests look for.
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return {
    write: (data) =>
      void socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data),
    received: () => received,
    isClosed: () => socket.closed,
    closed,
    stopReading: () => void socket.pause(),
    reset: () => void socket.resetAndDestroy(),
  };
}

export function upgradeRequest(path = '/', headers = ''): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n`
  );
}

/** A WebSocket frame whose mask is four zeros; `head` is its first byte. */
export function frame(head: number, payload: Uint8Array | string = ''): Uint8Array {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  return Uint8Array.of(head, 0x80 | bytes.byteLength, 0, 0, 0, 0, ...bytes);
}
