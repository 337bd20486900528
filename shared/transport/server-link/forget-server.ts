import type {Libp2p} from '@libp2p/interface';
import {peerIdFromString} from '@libp2p/peer-id';
import type {PeerId} from '../../base/ids.ts';

/** A server that nobody names any longer: its connections end, and nobody tries to dial it again. */
export async function forgetServer(libp2p: Libp2p, serverId: PeerId): Promise<void> {
  const server = peerIdFromString(serverId);
  for (const connection of libp2p.getConnections(server)) {
    connection.abort(new Error('The signal server is not named any longer'));
  }
  if (await libp2p.peerStore.has(server)) await libp2p.peerStore.delete(server);
  await routingTableOf(libp2p)?.remove(server);
}

type RoutingTable = {remove(peer: ReturnType<typeof peerIdFromString>): Promise<void>};

/** Public in kad-dht's class but not in its interface; `null` in a node without a DHT. */
function routingTableOf({services}: Libp2p): RoutingTable | null {
  if (!('dht' in services)) return null;
  const {dht} = services;
  if (typeof dht !== 'object' || dht === null || !('routingTable' in dht)) return null;
  const {routingTable: table} = dht;
  if (typeof table !== 'object' || table === null || !('remove' in table)) return null;
  const {remove} = table;
  if (typeof remove !== 'function') return null;
  return {
    remove: async (peer) => {
      await remove.call(table, peer);
    },
  };
}
