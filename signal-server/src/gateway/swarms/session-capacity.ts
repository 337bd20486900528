import type {SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';
import {mostSessionsOf} from '#shared/session/serve-hop/client-shares.ts';

/**
 * How many answers a swarm serves at once for one client: as many as the layer with the least room has,
 * where each node gives one client its share. 0: some layer has nobody. O(shards × layers).
 */
export function sessionCapacity({nodes}: SwarmSnapshot, layerCount: number): number {
  const room = Array.from({length: layerCount}, () => 0);
  const ends = {embedding: 0, lmHead: 0};
  for (const {shards, maxSessions} of nodes) {
    const sessions = mostSessionsOf(maxSessions);
    for (const {startLayer, endLayer, embedding, lmHead} of shards) {
      for (let layer = startLayer; layer < Math.min(endLayer, layerCount); layer += 1) {
        room[layer] = (room[layer] ?? 0) + sessions;
      }
      if (embedding) ends.embedding += sessions;
      if (lmHead) ends.lmHead += sessions;
    }
  }
  return Math.min(...room, ends.embedding, ends.lmHead);
}
