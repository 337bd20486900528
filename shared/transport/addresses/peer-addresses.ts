import {Allowance} from '../../base/allowance.ts';
import type {PeerId} from '../../base/ids.ts';
import type {NamedServer} from '../../protocol/bootstrap.ts';
import {signalingAddresses, signalingThrough} from './dialled-addresses.ts';

/** Strangers can make up ids that a hop is to dial, and a relay lets a tab dial two peers a second. */
const UNLISTED_DIALS = {burst: 8, perSec: 0.5};

type Options = {
  /** What a peer's record says of where it is; `null` without one. */
  readonly listedOf: (peer: PeerId) => readonly string[] | null;
  /** As of now. */
  readonly namedServers: () => readonly NamedServer[];
  /** Monotonic. */
  readonly stopwatchMs: () => number;
};

/**
 * Where a tab dials its peers: through the relay that a record names, and where none does through all named
 * servers. A tab that leaves has no record any more while it serves what runs there, one that only asks never had
 * one, and one that has lost its place at a relay may be back before its next record.
 */
export class PeerAddresses {
  readonly #options: Options;
  readonly #unlisted = new Allowance(UNLISTED_DIALS);

  constructor(options: Options) {
    this.#options = options;
  }

  /** To be asked once for each dial. */
  of(peer: PeerId): readonly string[] {
    const {listedOf, namedServers, stopwatchMs} = this.#options;
    const listed = listedOf(peer);
    if (listed === null || listed.length === 0) {
      return this.#unlisted.spend(stopwatchMs()) ? signalingThrough(namedServers(), peer) : [];
    }
    const dialled = signalingAddresses(listed, peer, namedServers());
    return dialled.length > 0 ? dialled : listed; // The transport says why it dials none of these.
  }
}
