import type {PeerId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {steadySnapshot} from '../../steady-speed.ts';
import {snapshotOfNodes, type SwarmSnapshot} from '../../swarm-snapshot.ts';
import type {AllocationTarget} from '../allocation-target.ts';
import {addNode, emptyCoverage} from '../coverage.ts';
import {repairsOf} from './repair.ts';

type Asked = {
  readonly snapshot: SwarmSnapshot;
  readonly model: CutGrid;
  readonly target: AllocationTarget;
};

/**
 * Whether phase 1 will have others serve what only these nodes do, once all know that they are gone: nodes that wait
 * for a place, or that serve and can do with other layers. O(N · cells), and a small plan of the waiting nodes.
 */
export function hasHeir({snapshot, model, target}: Asked, gone: ReadonlySet<PeerId>): boolean {
  const steady = steadySnapshot(snapshot);
  const nodes = steady.nodes.filter(({nodeId}) => !gone.has(nodeId));
  const coverage = emptyCoverage(model);
  for (const node of nodes) addNode(coverage, node);
  const left = snapshotOfNodes(nodes, steady.takenAtMs);
  return repairsOf({snapshot: left, coverage, target}).every((offers) => offers.length > 0);
}
