import type {Logger} from '@libp2p/interface';
import {AbstractMultiaddrConnection, type SendResult} from '@libp2p/utils';
import type {Multiaddr} from '@multiformats/multiaddr';
import type {Duplex} from 'node:stream';
import type {WebSocket} from 'ws';

/** Above this the libp2p side waits until the kernel has taken all. */
const MAX_BUFFERED_BYTES = 1 << 20;
/** Whoever lets more than that pile up does not read, and is cut off. */
const MAX_UNREAD_BYTES = 4 << 20;
/** What `ws` reports when the TCP connection ended without one. */
const NO_CLOSING_FRAME = 1006;

type Init = {
  readonly webSocket: WebSocket;
  /** Under the WebSocket. */
  readonly socket: Duplex;
  readonly remoteAddr: Multiaddr;
  readonly log: Logger;
  /** Called once at most. */
  readonly onBroken: () => void;
  /** Called for each message of the other side. */
  readonly onMessage: () => void;
};

/**
 * A server's WebSocket as a libp2p connection.
 *
 * Why not that of `@libp2p/websockets` 10.1.21: it puts no `error` listener on
 * the socket, so that one broken frame ends the process, and an aborted
 * connection calls `close(1006)`, which throws: its socket stays open, and the
 * tab behind it goes on sending into nothing.
 */
export class WebSocketConnection extends AbstractMultiaddrConnection {
  readonly #webSocket: WebSocket;

  constructor(init: Init) {
    super({remoteAddr: init.remoteAddr, direction: 'inbound', log: init.log});
    const {webSocket, socket} = init;
    this.#webSocket = webSocket;
    this.maxWriteBufferLength = MAX_UNREAD_BYTES;
    webSocket.binaryType = 'arraybuffer';
    let isBroken = false;
    const endBroken = (error: Error) => {
      if (!isBroken) init.onBroken();
      isBroken = true;
      this.abort(error);
      webSocket.terminate();
    };
    // Without this listener one frame with a reserved bit ends the process.
    webSocket.on('error', endBroken);
    webSocket.on('message', (data, isBinary) => {
      if (!isBinary) return endBroken(new Error('libp2p sends no text'));
      init.onMessage();
      this.onData(new Uint8Array(data));
    });
    webSocket.on('close', (code) => {
      if (code !== NO_CLOSING_FRAME) this.onTransportClosed();
      else if (this.status === 'open' || this.status === 'closing') this.onRemoteReset();
    });
    socket.on('drain', () => {
      if (this.writableNeedsDrain) this.safeDispatchEvent('drain');
    });
  }

  sendData(data: Iterable<Uint8Array> & {readonly byteLength: number}): SendResult {
    const sentBytes = data.byteLength;
    for (const bytes of data) this.#webSocket.send(bytes);
    return {sentBytes, canSendMore: this.#webSocket.bufferedAmount < MAX_BUFFERED_BYTES};
  }

  sendReset(): void {
    this.#webSocket.terminate();
  }

  async sendClose(): Promise<void> {
    this.#webSocket.close();
  }

  sendPause(): void {
    // A paused WebSocket would not notice that the other side has gone.
  }

  sendResume(): void {
    // Nothing was paused.
  }
}
