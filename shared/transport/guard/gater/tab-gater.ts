import type {ConnectionGater, PeerId as Libp2pPeerId} from '@libp2p/interface';
import {asPeerId, type PeerId} from '../../../base/ids.ts';
import {cameAbout} from './came-about.ts';
import {createEd25519Gater} from './ed25519-gater.ts';
import type {NamedServer} from '../../../protocol/bootstrap.ts';
import {mayDial} from '../../addresses/dialled-addresses.ts';

type Options = {
  /** As of now; none before the first bootstrap. */
  readonly namedServers: () => readonly NamedServer[];
  /** Whether the page is away: then nobody is dialled, by whatever part of libp2p. */
  readonly isAway: () => boolean;
  /** Whether this peer flooded the tab a while ago. */
  readonly isShutOut: (peer: PeerId) => boolean;
};

/**
 * Whom a tab dials and lets in: Ed25519 peers at the addresses of
 * `dialled-addresses.ts`, wherever libp2p learnt of others; by relay only
 * through named servers; nobody who flooded it; and nobody who dialled and was gone before it was answered.
 */
export function createTabGater({namedServers, isAway, isShutOut}: Options): ConnectionGater {
  const base = createEd25519Gater();
  const isOut = (peer: Libp2pPeerId) => isShutOut(asPeerId(peer.toString()));
  const isNamed = (peer: Libp2pPeerId) =>
    namedServers().some(({peerId}) => peerId === peer.toString());
  return {
    ...base,
    denyDialMultiaddr: (address) => isAway() || !mayDial(address, namedServers()),
    denyInboundConnection: async (connection) => !(await cameAbout(connection)),
    denyInboundRelayedConnection: async (relay, remote) =>
      !isNamed(relay) ||
      isOut(remote) ||
      ((await base.denyInboundRelayedConnection?.(relay, remote)) ?? false),
    denyInboundUpgradedConnection: async (peer, connection) =>
      isOut(peer) || ((await base.denyInboundUpgradedConnection?.(peer, connection)) ?? false),
  };
}
