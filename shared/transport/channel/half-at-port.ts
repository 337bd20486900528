import type {Connection, Stream} from '@libp2p/interface';
import type {HalfReport, HalfRequest} from './half-port.ts';
import type {LinkChannels, OpenedChannel, OpenedSubflow} from './link-channels.ts';

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
  readonly #subflowOpened = Promise.withResolvers<void>();
  #subflow: OpenedSubflow | null = null;
  #isSubflowUsed = false;
  #isClosed = false;

  constructor({port, lost, stream, onReport, onClosed}: Options) {
    this.#port = port;
    this.#stream = stream;
    this.#opened.promise.catch(() => undefined); // Not everybody waits for it.
    port.addEventListener('message', ({data: report}: MessageEvent<HalfReport>) => {
      if (report.kind === 'opened') this.#opened.resolve();
      else if (report.kind === 'subflow-opened') this.#subflowOpened.resolve();
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
      this.#subflow?.close();
      onClosed(error);
    });
  }

  /** Resolves when this side's end of the channel is open. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Resolves when this side's end of the second subflow is open. */
  get subflowOpened(): Promise<void> {
    return this.#subflowOpened.promise;
  }

  /** @returns `null` when this half has had one: what did not come about once is not tried again. */
  openSubflow(
    channels: LinkChannels,
    {connection, isOffering}: {readonly connection: Connection; readonly isOffering: boolean},
  ): OpenedSubflow | null {
    if (this.#isClosed || this.#subflow !== null) return null;
    this.#subflow = channels.openSubflow(connection, {
      port: this.#port,
      isOffering,
      onFailed: (cause) => {
        if (this.#isSubflowUsed) this.abort(cause);
      },
    });
    return this.#subflow;
  }

  /** Sends over both subflows from here on. */
  divide(): void {
    this.#isSubflowUsed = true;
    this.ask({kind: 'divide'});
  }

  /** The peer may send over both from here on. */
  expectDivision(): void {
    this.#isSubflowUsed = true;
  }

  ask(request: HalfRequest, transfer: Transferable[] = []): void {
    if (!this.#isClosed) this.#port.postMessage(request, transfer);
  }

  abort(cause: Error): void {
    this.#stream.abort(cause);
  }
}
