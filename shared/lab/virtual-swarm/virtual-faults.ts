import type {PeerId} from '#shared/base/ids.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {AnswerFault} from './swarm-script.ts';
import type {VirtualNode} from './node/virtual-node.ts';
import type {VirtualTime} from './virtual-time.ts';
import type {VirtualWire} from './virtual-wire.ts';

export type VirtualFaultsOptions = {
  readonly time: VirtualTime;
  readonly wire: VirtualWire;
  /** `null` when it is gone. */
  readonly nodeOf: (peerId: PeerId) => VirtualNode | null;
  /** Ends a node; one like it comes for it. */
  readonly replace: (node: VirtualNode, noticed: boolean) => void;
  /** How long it takes a peer to see that another has fallen silent. */
  readonly silentMs: number;
};

const FROZEN_MS = 20_000;
/** A link that was cut comes back. */
const CUT_MS = 60_000;

/** Does the faults of a script. */
export class VirtualFaults {
  readonly #options: VirtualFaultsOptions;
  readonly #pending: Set<AnswerFault>;
  #count = 0;

  constructor(faults: readonly AnswerFault[], options: VirtualFaultsOptions) {
    this.#options = options;
    this.#pending = new Set(faults);
  }

  /** How many have happened. */
  get count(): number {
    return this.#count;
  }

  /** A request has so many tokens, and is served by these hops. */
  onTokens(request: number, tokens: number, hops: readonly Hop[]): void {
    for (const fault of this.#pending) {
      if (fault.request !== request || fault.afterTokens > tokens) continue;
      this.#pending.delete(fault);
      this.#options.time.after(0, () => {
        this.#strike(fault, hops);
      });
    }
  }

  #strike({kind, stage}: AnswerFault, hops: readonly Hop[]): void {
    const {nodeOf, replace} = this.#options;
    const hop = hops[stage % hops.length];
    const node = hop === undefined ? null : nodeOf(hop.peerId);
    // Another fault was faster.
    if (node === null) return;
    this.#count += 1;
    switch (kind) {
      case 'close-tab':
        replace(node, true);
        return;
      case 'kill-tab':
        replace(node, false);
        return;
      case 'crash-engine':
        node.crashEngine();
        return;
      case 'cut-link':
        this.#cut(node.id, hops[(stage + 1) % hops.length]?.peerId ?? node.id);
        return;
      default:
        this.#freeze(node);
    }
  }

  #cut(from: PeerId, to: PeerId): void {
    const {time, wire, silentMs} = this.#options;
    if (from === to) return;
    wire.cut(from, to, silentMs);
    time.after(CUT_MS, () => {
      wire.heal(from, to);
    });
  }

  #freeze(node: VirtualNode): void {
    const {time, wire, silentMs} = this.#options;
    node.freeze();
    time.after(silentMs, () => {
      wire.endLinks(node.id);
    });
    time.after(FROZEN_MS, () => {
      wire.hearAgain(node.id);
      node.thaw();
    });
  }
}
