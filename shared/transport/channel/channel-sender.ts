import type {Stream} from '@libp2p/interface';
import type {SendingEvents, SendingHalf} from '../frames/link-half.ts';
import {SilentPeerError} from '../frames/silent-peer-error.ts';
import {HalfAtPort} from './half-at-port.ts';
import type {HalfReport, HalfRequest} from './half-port.ts';
import type {OpenedChannel} from './link-channels.ts';

export type NarrowEvent = {
  /** Frames take several round trips: a second subflow would help. Called once. */
  readonly onNarrow: (half: HalfAtPort) => void;
};

type Options = SendingEvents &
  NarrowEvent & {readonly channel: OpenedChannel; readonly stream: Stream};

/** The sending half of a link whose frames leave from another thread. */
export class ChannelSender implements SendingHalf {
  readonly half: HalfAtPort;
  readonly #calls = new Map<number, PromiseWithResolvers<number>>();
  #callCount = 0;
  #closed: {readonly cause: unknown} | null = null;

  constructor({channel, stream, onViolation, onSilent, onNarrow, onClosed}: Options) {
    this.half = new HalfAtPort({
      ...channel,
      stream,
      onReport: (report) => {
        if (report.kind === 'violation') onViolation();
        else if (report.kind === 'silent') onSilent(new SilentPeerError(report.why));
        else if (report.kind === 'narrow') onNarrow(this.half);
        else this.#answer(report);
      },
      onClosed: (cause) => {
        this.#closed = {cause};
        for (const {reject} of this.#calls.values()) reject(cause);
        this.#calls.clear();
        onClosed(cause);
      },
    });
  }

  get opened(): Promise<void> {
    return this.half.opened;
  }

  async send(frame: Uint8Array, signal: AbortSignal): Promise<void> {
    const own = wholeBuffer(frame);
    await this.#call((callId) => ({kind: 'send', callId, frame: own}), signal, [own.buffer]);
  }

  async measureRtt(signal: AbortSignal): Promise<number> {
    return await this.#call((callId) => ({kind: 'measure-rtt', callId}), signal);
  }

  abort(cause: Error): void {
    this.half.abort(cause);
  }

  async #call(
    request: (callId: number) => HalfRequest,
    signal: AbortSignal,
    transfer: Transferable[] = [],
  ): Promise<number> {
    signal.throwIfAborted();
    if (this.#closed !== null) throw this.#closed.cause;
    this.#callCount += 1;
    const callId = this.#callCount;
    const answer = Promise.withResolvers<number>();
    this.#calls.set(callId, answer);
    // What has been sent by then is sent, and counts: the half says which it was.
    const giveUp = (): void => {
      this.half.ask({kind: 'give-up', callId});
    };
    signal.addEventListener('abort', giveUp, {once: true});
    this.half.ask(request(callId), transfer);
    try {
      return await answer.promise;
    } catch (cause) {
      signal.throwIfAborted();
      throw cause;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  #answer(report: HalfReport): void {
    if (!('callId' in report)) return;
    const call = this.#calls.get(report.callId);
    this.#calls.delete(report.callId);
    if (report.kind === 'given-up') call?.reject(new Error('The call was given up'));
    else call?.resolve(report.kind === 'measured' ? report.rttMs : 0);
  }
}

/** What is transferred is a buffer with everything in it: a frame that is a part of one is copied first. */
function wholeBuffer(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const {buffer, byteLength} = frame;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return isWhole ? new Uint8Array(buffer) : new Uint8Array(frame);
}
