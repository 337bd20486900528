import type {BytePipe, PipeEvents} from '../frames/byte-pipe.ts';
import {MESSAGE_BYTES} from '../frames/frame-wire.ts';

/** More than is on the way at 20 MB/s and 10 ms; the window of a link is the other limit. */
const HIGH_WATER_BYTES = 192 * 1024;
const LOW_WATER_BYTES = 64 * 1024;

/** Over a data channel, in messages that leave at once. */
export class ChannelPipe implements BytePipe {
  readonly #channel: RTCDataChannel;
  #end: (cause: unknown) => void = () => undefined;

  constructor(channel: RTCDataChannel) {
    this.#channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = LOW_WATER_BYTES;
  }

  /** Resolves when bytes can pass; rejects when they never will. */
  async opened(): Promise<void> {
    const channel = this.#channel;
    if (channel.readyState === 'open') return;
    const {promise, resolve, reject} = Promise.withResolvers<void>();
    channel.addEventListener('open', () => resolve(), {once: true});
    channel.addEventListener('close', () => reject(new Error('The data channel did not open')), {
      once: true,
    });
    await promise;
  }

  listen({onBytes, onNonsense, onDrain, onClosed}: PipeEvents): void {
    const listening = new AbortController();
    const {signal} = listening;
    this.#end = (cause) => {
      if (signal.aborted) return;
      listening.abort();
      this.#channel.close();
      onClosed(cause);
    };
    this.#channel.addEventListener(
      'message',
      ({data}: MessageEvent<unknown>) => {
        if (!(data instanceof ArrayBuffer)) onNonsense('a message that is text');
        else if (data.byteLength === 0) onNonsense('a message without a byte');
        else onBytes(new Uint8Array(data));
      },
      {signal},
    );
    this.#channel.addEventListener('bufferedamountlow', onDrain, {signal});
    this.#channel.addEventListener(
      'close',
      () => this.#end(new Error('The data channel was closed')),
      {signal},
    );
  }

  send(bytes: Uint8Array<ArrayBuffer>): boolean {
    for (let at = 0; at < bytes.byteLength; at += MESSAGE_BYTES) {
      this.#channel.send(bytes.subarray(at, at + MESSAGE_BYTES));
    }
    return this.#channel.bufferedAmount < HIGH_WATER_BYTES;
  }

  abort(cause: Error): void {
    this.#end(cause);
  }
}
