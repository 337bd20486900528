import type {PeerId} from '#shared/base/ids.ts';
import {addedStepMs, batchMs, linkMs} from '../../cost-model.ts';
import type {SnapshotNode, SwarmSnapshot} from '../../swarm-snapshot.ts';
import {mostLayers} from '../node-costs.ts';

/** What is usual in a swarm: medians over the nodes that hold layers. Half of them would have to lie to move it. */
export type OrdinaryNode = {
  readonly layerMs: number;
  readonly hopMs: number;
  /** What a session more adds. */
  readonly addedLayerMs: number;
  readonly addedHopMs: number;
  /** How many layers a node holds. */
  readonly layersHeld: number;
  /** From one node to another, one way. */
  readonly linkMs: number;
  /** The same from each node, by its position in the snapshot. */
  readonly linkMsOf: Float64Array;
};

/** The links of a node are taken to so many others. */
const LINKS = 32;

const known = new WeakMap<SwarmSnapshot['indexOf'], OrdinaryNode>();

/** Worked out once for all snapshots that differ in load only. O(LINKS × N log N). */
export function ordinaryNode(snapshot: SwarmSnapshot): OrdinaryNode {
  const before = known.get(snapshot.indexOf);
  if (before !== undefined) return before;
  const {nodes} = snapshot;
  const serving = nodes.flatMap(({shards}, at) => (shards.length > 0 ? [at] : []));
  const stride = Math.max(1, Math.floor(serving.length / LINKS));
  const linkMsOf = new Float64Array(nodes.length);
  for (const from of serving) {
    const links = serving.flatMap((to, k) =>
      k % stride === 0 && to !== from ? [linkMs(snapshot.rttMs(from, to))] : [],
    );
    linkMsOf[from] = median(links.filter(Number.isFinite));
  }
  const valuesOf = (value: (node: SnapshotNode) => number) =>
    median(nodes.flatMap((node) => (node.shards.length > 0 ? [value(node)] : [])));
  const ordinary = {
    layerMs: valuesOf(({decodeMsPerLayer}) => batchMs(decodeMsPerLayer, 1)),
    hopMs: valuesOf(({hopOverheadMs}) => hopOverheadMs),
    addedLayerMs: valuesOf(({decodeMsPerLayer}) => decodeMsPerLayer.perSessionMs),
    addedHopMs: valuesOf((node) => addedStepMs(node, 0)),
    layersHeld: Math.max(1, valuesOf(mostLayers)),
    linkMs: median(serving.map((at) => linkMsOf[at] ?? 0)),
    linkMsOf,
  };
  known.set(snapshot.indexOf, ordinary);
  return ordinary;
}

/** Equal tabs measure themselves this far apart. */
const ALIKE = 0.7;

/** Whether a node claims to be much faster or nearer than an ordinary one, or to hold much more. */
export function claimsMuch(snapshot: SwarmSnapshot, nodeId: PeerId): boolean {
  const ordinary = ordinaryNode(snapshot);
  const at = snapshot.indexOf.get(nodeId) ?? -1;
  const node = snapshot.nodes[at];
  if (node === undefined) return false;
  return (
    batchMs(node.decodeMsPerLayer, 1) < ALIKE * ordinary.layerMs ||
    (ordinary.linkMsOf[at] ?? 0) < ALIKE * ordinary.linkMs ||
    ALIKE * mostLayers(node) > ordinary.layersHeld
  );
}

/** The upper one of an even number; 0 of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
