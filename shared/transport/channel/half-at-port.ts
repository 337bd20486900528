import type {Stream} from '@libp2p/interface';
import type {HalfReport, HalfRequest} from './half-port.ts';
import type {OpenedChannel} from './link-channels.ts';

type Options = OpenedChannel & {
  /** Ends with the link, and the link with it. */
  readonly stream: Stream;
  /** Called for everything but the opening and the end. */
  readonly onReport: (report: HalfReport) => void;
  readonly onClosed: (cause: unknown) => void;
};

/**
 * The page's end of a half that runs at a data channel. Whatever ends the half aborts its stream,
 * and the end of the stream is the end of all: so page and peer always hear of it.
 */
export class HalfAtPort {
  readonly #opened = Promise.withResolvers<void>();
  readonly #port: MessagePort;
  readonly #stream: Stream;
  #isClosed = false;

  constructor({port, lost, stream, onReport, onClosed}: Options) {
    this.#port = port;
    this.#stream = stream;
    this.#opened.promise.catch(() => undefined); // Not everybody waits for it.
    port.addEventListener('message', ({data: report}: MessageEvent<HalfReport>) => {
      if (report.kind === 'opened') this.#opened.resolve();
      else if (report.kind === 'ended') this.abort(new Error(report.why));
      else if (!this.#isClosed) onReport(report);
    });
    port.start();
    const onLost = (): void => {
      this.abort(lost.reason);
    };
    lost.addEventListener('abort', onLost);
    stream.addEventListener('close', ({error}) => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      lost.removeEventListener('abort', onLost);
      this.#opened.reject(error);
      port.postMessage({kind: 'end'} satisfies HalfRequest);
      port.close();
      onClosed(error);
    });
  }

  /** Resolves when this side's end of the channel is open. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  ask(request: HalfRequest, transfer: Transferable[] = []): void {
    if (!this.#isClosed) this.#port.postMessage(request, transfer);
  }

  abort(cause: Error): void {
    this.#stream.abort(cause);
  }
}
