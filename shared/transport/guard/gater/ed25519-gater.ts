import type {ConnectionGater, PeerId} from '@libp2p/interface';

const isOther = (peer: PeerId) => peer.type !== 'Ed25519';

/**
 * Only Ed25519 ids, both ways: they contain their public key, while a relay could
 * pass off an RSA id as somebody else on WebRTC.
 *
 * Any address may be dialled: a browser would refuse ws:// and private ones,
 * and those are how tabs find a server on their own machine or network.
 */
export function createEd25519Gater(): ConnectionGater {
  return {
    denyDialMultiaddr: () => false,
    denyDialPeer: isOther,
    denyOutboundConnection: isOther,
    denyInboundEncryptedConnection: isOther,
    denyOutboundEncryptedConnection: isOther,
    denyInboundUpgradedConnection: isOther,
    denyOutboundUpgradedConnection: isOther,
    denyInboundRelayedConnection: (_, remote) => isOther(remote),
  };
}
