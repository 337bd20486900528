import {Allowance} from '../../base/allowance.ts';

const PROBE = new ArrayBuffer(1);
/** Three for each of as many frames as a peer may send. */
const PROBES = {perSec: 6_000, burst: 12_000};

/** Unordered and never sent again: what is lost of it delays nothing. */
export const PROBE_CHANNEL = {negotiated: true, ordered: false, maxRetransmits: 0} as const;

/** A data channel beside a subflow, for packets that nobody needs. */
export class ProbeChannel {
  readonly #channel: RTCDataChannel;

  constructor(channel: RTCDataChannel, onNonsense: (what: string) => void) {
    this.#channel = channel;
    channel.binaryType = 'arraybuffer';
    const allowance = new Allowance(PROBES);
    channel.addEventListener('message', ({data}: MessageEvent<unknown>) => {
      const isProbe = data instanceof ArrayBuffer && data.byteLength === PROBE.byteLength;
      if (!isProbe) onNonsense('a probe of more than a byte');
      else if (allowance.take(performance.now()) > 0) onNonsense('too many probes');
    });
  }

  send(): void {
    if (this.#channel.readyState === 'open') this.#channel.send(PROBE);
  }

  close(): void {
    this.#channel.close();
  }
}
