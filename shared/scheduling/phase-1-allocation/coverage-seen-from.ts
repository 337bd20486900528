import {linkMs} from '../cost-model.ts';
import {pairRttMs} from '../network-distances.ts';
import type {SnapshotNode} from '../swarm-snapshot.ts';
import {addShard, emptyCoverage, gapsOf, type Coverage} from './coverage.ts';

/** What serves at this distance counts half, one frame on its way. */
const HALF_MS = 10;

/**
 * What is served, as a node sees it that looks for a place: the farther away a
 * shard is, the less it counts. So a node serves what only far ones serve near
 * it, and swarms that grow tab by tab have short chains in each region. While
 * nobody serves some layers, only those count: the coverage as it is.
 * O(shards · cells).
 */
export function coverageSeenFrom(self: SnapshotNode, coverage: Coverage): Coverage {
  if (gapsOf(coverage).length > 0) return coverage;
  const seen = emptyCoverage(coverage.grid);
  for (const served of coverage.shards) {
    const farMs = linkMs(pairRttMs(self, served.node));
    addShard(seen, served, HALF_MS / (HALF_MS + farMs));
  }
  return seen;
}
