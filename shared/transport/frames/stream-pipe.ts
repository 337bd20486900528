import type {Stream} from '@libp2p/interface';
import type {BytePipe, PipeEvents} from './byte-pipe.ts';

const ENDED: ReadonlySet<Stream['status']> = new Set(['closed', 'aborted', 'reset']);

/** Over a libp2p stream, on the thread of libp2p. */
export class StreamPipe implements BytePipe {
  readonly #stream: Stream;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  listen({onBytes, onDrain, onClosed}: PipeEvents): void {
    // `stream.onDrain()` resolves at once after its first use (@libp2p/utils 7.4.1): listen instead.
    this.#stream.addEventListener('drain', onDrain);
    this.#stream.addEventListener('message', ({data}) => {
      for (const bytes of data instanceof Uint8Array ? [data] : data) onBytes(bytes);
    });
    this.#stream.addEventListener('close', ({error}) => {
      onClosed(error);
    });
    // The peer may have refused it before anybody listened.
    if (ENDED.has(this.#stream.status)) {
      queueMicrotask(() => {
        onClosed(new Error('The stream ended before it was used'));
      });
    }
  }

  send(bytes: Uint8Array): boolean {
    return this.#stream.send(bytes);
  }

  abort(cause: Error): void {
    this.#stream.abort(cause);
  }
}
