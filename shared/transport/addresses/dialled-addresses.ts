import {multiaddr, type Multiaddr} from '@multiformats/multiaddr';
import type {PeerId} from '../../base/ids.ts';
import type {NamedServer} from '../../protocol/bootstrap.ts';

/** How an address goes on behind its relay: signaling there, bytes straight to the peer. */
const SIGNALING = ['p2p-circuit', 'webrtc', 'p2p'];

/** An address that reads `<relay>/p2p-circuit/webrtc/p2p/<peer>`, in its two parts. */
type SignalingAddress = {
  /** Where the relay is, with its peer id. */
  readonly relay: Multiaddr;
  readonly relayId: string;
  readonly peerId: string;
};

/** @returns `null` for every other kind of address. */
export function readSignalingAddress(address: Multiaddr): SignalingAddress | null {
  const components = address.getComponents();
  const relay = components.slice(0, -SIGNALING.length);
  const rest = components.slice(-SIGNALING.length);
  const relayId = relay.at(-1);
  const peerId = rest.at(-1)?.value;
  const isSignaling =
    rest.every(({name}, at) => name === SIGNALING[at]) &&
    relayId?.name === 'p2p' &&
    !relay.some(({name}) => name === 'p2p-circuit');
  if (!isSignaling || relayId?.value === undefined || peerId === undefined) return null;
  return {relay: multiaddr(relay), relayId: relayId.value, peerId};
}

/**
 * Whether dialling `address` opens no socket to a place of its author's choice:
 * signaling over a relay, or another node in this process.
 */
export function opensNoSocket(address: Multiaddr): boolean {
  return readSignalingAddress(address) !== null || address.getComponents()[0]?.name === 'memory';
}

/**
 * Whether a tab may open a connection to `address`: to a server that the
 * bootstrap names, exactly as it names it, or by WebRTC with signaling through
 * one. A socket to any other place would let strangers choose what this
 * browser connects to: printers, routers, whatever listens in its network.
 */
export function mayDial(address: Multiaddr, servers: readonly NamedServer[]): boolean {
  const {relay} = readSignalingAddress(address) ?? {relay: address};
  return servers.some((server) =>
    server.addresses.some((named) => isSame(relay, multiaddr(named), server.peerId)),
  );
}

function isSame(address: Multiaddr, named: Multiaddr, serverId: PeerId): boolean {
  return withId(address, serverId) === withId(named, serverId);
}

function withId(address: Multiaddr, serverId: PeerId): string {
  const hasId = address.getComponents().at(-1)?.name === 'p2p';
  return String(hasId ? address : address.encapsulate(`/p2p/${serverId}`));
}

/**
 * The addresses under which this tab can dial `peer`, out of those in its
 * record: only that its signaling passes a named server is taken from them.
 * Where that server is, this tab knows from the bootstrap; the peer may have
 * found it under another name.
 */
export function signalingAddresses(
  listed: readonly string[],
  peer: PeerId,
  servers: readonly NamedServer[],
): readonly string[] {
  const relayIds = new Set(listed.map((text) => relayIdOf(text, peer)));
  return signalingThrough(
    servers.filter(({peerId}) => relayIds.has(peerId)),
    peer,
  );
}

/** The addresses under which a tab can dial a peer that has its place at one of these servers. */
export function signalingThrough(servers: readonly NamedServer[], peer: PeerId): readonly string[] {
  return servers.flatMap(({peerId, addresses}) =>
    addresses.map((named) => `${withId(multiaddr(named), peerId)}/p2p-circuit/webrtc/p2p/${peer}`),
  );
}

/** @returns `null` for text that is not an address, or not one of `peer` for signaling. */
function relayIdOf(text: string, peer: PeerId): string | null {
  const [address] = readAddresses([text]);
  const signaling = address === undefined ? null : readSignalingAddress(address);
  return signaling?.peerId === peer ? signaling.relayId : null;
}

/** Those of `texts` that are addresses: a record may say anything. */
export function readAddresses(texts: readonly string[]): readonly Multiaddr[] {
  return texts.flatMap((text) => {
    try {
      return [multiaddr(text)];
    } catch {
      return [];
    }
  });
}
