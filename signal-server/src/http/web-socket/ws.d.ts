/** The part of `ws` that the server uses; the package comes without types. */
declare module 'ws' {
  import type {IncomingMessage} from 'node:http';
  import type {Duplex} from 'node:stream';

  export interface WebSocket {
    binaryType: 'arraybuffer' | 'nodebuffer';
    /** Bytes that `send` took and the kernel did not. */
    readonly bufferedAmount: number;
    on(event: 'message', listener: (data: ArrayBuffer, isBinary: boolean) => void): this;
    on(event: 'close', listener: (code: number) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    send(data: Uint8Array): void;
    close(code?: number): void;
    /** Ends the TCP connection, whatever the other side does. */
    terminate(): void;
  }

  export class WebSocketServer {
    constructor(options: {
      readonly noServer: true;
      readonly clientTracking: false;
      readonly maxPayload: number;
      readonly maxFragments: number;
      /** How long the other side has to answer a closing frame, in ms. */
      readonly closeTimeout: number;
      readonly allowSynchronousEvents: boolean;
    });
    handleUpgrade(
      request: IncomingMessage,
      socket: Duplex,
      head: Uint8Array,
      opened: (webSocket: WebSocket) => void,
    ): void;
    close(): void;
  }
}
