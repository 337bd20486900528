import type {EchoPlan} from './network-control.ts';
import {timeRounds} from './time-echoes.ts';

/** One message of more than four packets waits for the first four to be acknowledged (Chromium 156). */
const MESSAGE_BYTES = 4_096;

/** A data channel of the browser and nothing else: what every transport over WebRTC is measured against. */
export class BareChannel {
  readonly #connection = new RTCPeerConnection({iceServers: []});
  readonly #channel = this.#connection.createDataChannel('bare', {negotiated: true, id: 0});
  #receivedBytes = 0;
  #onReceived: (bytes: number) => void = () => undefined;

  constructor() {
    this.#channel.binaryType = 'arraybuffer';
    this.#channel.addEventListener('message', ({data}: MessageEvent<ArrayBuffer>) => {
      this.#receivedBytes += data.byteLength;
      this.#onReceived(this.#receivedBytes);
    });
  }

  /** An offer, or the answer to one. */
  async describe(offer?: string): Promise<string> {
    if (offer !== undefined) await this.#hear('offer', offer);
    await this.#connection.setLocalDescription();
    while (this.#connection.iceGatheringState !== 'complete') {
      await new Promise((resolve) => {
        this.#connection.addEventListener('icegatheringstatechange', resolve, {once: true});
      });
    }
    return this.#connection.localDescription?.sdp ?? '';
  }

  async accept(answer: string): Promise<void> {
    await this.#hear('answer', answer);
    if (this.#channel.readyState === 'open') return;
    await new Promise((resolve) => {
      this.#channel.addEventListener('open', resolve, {once: true});
    });
  }

  /** Sends so many bytes back whenever as many have come. */
  echo(bytes: number): void {
    this.#onReceived = (receivedBytes) => {
      if (receivedBytes % bytes === 0) this.#send(bytes);
    };
  }

  /** Sends bytes, waits until as many are back, and so on. @returns what each took, in ms. */
  async timeEchoes(plan: EchoPlan): Promise<readonly number[]> {
    const {bytes} = plan;
    return timeRounds(plan, async () => {
      const back = new Promise<void>((resolve) => {
        this.#onReceived = (receivedBytes) => {
          if (receivedBytes % bytes === 0) resolve();
        };
      });
      this.#send(bytes);
      await back;
    });
  }

  async #hear(type: RTCSdpType, sdp: string): Promise<void> {
    await this.#connection.setRemoteDescription({type, sdp});
  }

  #send(bytes: number): void {
    for (let sent = 0; sent < bytes; sent += MESSAGE_BYTES) {
      this.#channel.send(new ArrayBuffer(Math.min(MESSAGE_BYTES, bytes - sent)));
    }
  }
}
