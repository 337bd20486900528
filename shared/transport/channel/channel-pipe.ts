import type {PipeEvents} from '../frames/byte-pipe.ts';
import {MESSAGE_BYTES} from '../frames/frame-wire.ts';
import {ProbeChannel} from '../subflow/probe-channel.ts';
import type {Subflow} from '../subflow/subflow-pipe.ts';

/** More than is on the way at 20 MB/s and 10 ms; the window of a link is the other limit. */
const HIGH_WATER_BYTES = 192 * 1024;
const LOW_WATER_BYTES = 64 * 1024;

/** Over a data channel, in messages that leave at once. */
export class ChannelPipe implements Subflow {
  readonly #channel: RTCDataChannel;
  #probes: ProbeChannel | null = null;
  #onNonsense: PipeEvents['onNonsense'] = () => undefined;
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

  get waitingBytes(): number {
    return this.#channel.bufferedAmount;
  }

  /** A channel of the same association: behind what is sent here, probes go over it. */
  probeOver(channel: RTCDataChannel): void {
    this.#probes = new ProbeChannel(channel, (what) => this.#onNonsense(what));
  }

  probe(): void {
    this.#probes?.send();
  }

  listen({onBytes, onNonsense, onDrain, onClosed}: PipeEvents): void {
    const listening = new AbortController();
    const {signal} = listening;
    this.#onNonsense = onNonsense;
    this.#end = (cause) => {
      if (signal.aborted) return;
      listening.abort();
      this.#channel.close();
      this.#probes?.close();
      onClosed(cause);
    };
    this.#channel.addEventListener(
      'message',
      ({data}: MessageEvent<unknown>) => {
        if (!(data instanceof ArrayBuffer)) onNonsense('a message that is text');
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
    let at = 0;
    // Once even without a byte: that is the message by which a link is divided.
    do {
      this.#channel.send(bytes.subarray(at, at + MESSAGE_BYTES));
      at += MESSAGE_BYTES;
    } while (at < bytes.byteLength);
    return this.#channel.bufferedAmount < HIGH_WATER_BYTES;
  }

  abort(cause: Error): void {
    this.#end(cause);
  }
}
