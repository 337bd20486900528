import type {PeerId} from '../base/ids.ts';
import type {NamedServers} from '../transport/server-link/named-servers.ts';

/** Servers that are named once and for all; suspicions are noted. */
export function fixedServers(peerIds: readonly PeerId[], suspected: PeerId[] = []): NamedServers {
  return {
    namedServers: () => peerIds.map((peerId) => ({peerId, addresses: []})),
    onServersChanged: () => () => undefined,
    heard: () => undefined,
    suspect: (serverId) => void suspected.push(serverId),
  };
}
