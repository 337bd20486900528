import type {PeerId} from '../../base/ids.ts';
import type {ControlAddress} from '../../protocol/frame/control-address.ts';
import {encodeControlFrame} from '../frames/control-frame.ts';
import type {Transport} from '../transport.ts';
import type {Message} from '../../protocol/control/message.ts';

/** More than any honest peer is ever owed at once. */
const MAX_WAITING_PER_PEER = 256;

const NEVER = new AbortController().signal;

/**
 * Messages that nobody waits for. A peer that cannot be reached is noticed by its
 * own closed link; one that asks for answers and does not read them costs no
 * more memory than `MAX_WAITING_PER_PEER` of them: the rest is not sent.
 */
export class ControlPost {
  readonly #transport: Transport;
  readonly #waiting = new Map<PeerId, number>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  send(to: PeerId, address: ControlAddress, message: Message): void {
    const waiting = this.#waiting.get(to) ?? 0;
    if (waiting >= MAX_WAITING_PER_PEER) return;
    this.#waiting.set(to, waiting + 1);
    this.#transport
      .send(to, encodeControlFrame(address, message), {signal: NEVER})
      .catch(() => undefined)
      .finally(() => {
        this.#sent(to);
      });
  }

  #sent(to: PeerId): void {
    const left = (this.#waiting.get(to) ?? 1) - 1;
    if (left === 0) this.#waiting.delete(to);
    else this.#waiting.set(to, left);
  }
}
