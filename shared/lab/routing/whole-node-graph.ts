import {decodeLayerMs, linkMs} from '../../scheduling/cost-model.ts';
import {intAt} from '../../scheduling/table-access.ts';
import type {RouteResult} from '../../scheduling/routing/chain.ts';
import {missingLayers} from '../../scheduling/routing/missing-layers.ts';
import {routeIndexOf, type RouteIndex} from '../../scheduling/routing/route-index.ts';
import type {RouteInput} from '../../scheduling/routing/select/select-chain.ts';

/**
 * The graph that Parallax routes over: a vertex is a whole node, and an edge
 * goes from each node to those that begin at the very layer where it ends.
 */
export type WholeNodeGraph = {
  readonly index: RouteIndex;
  /** Stands by first layer, then last: every edge goes forwards in it. */
  readonly inOrder: readonly number[];
  /** Stands by the layer at which they begin. */
  readonly beginningAt: ReadonlyMap<number, readonly number[]>;
  /** Round trip between the nodes of two stands; `Infinity` when they cannot reach each other. */
  readonly rttMs: (from: number, to: number) => number;
  /** One decode step of one layer at batch 1, by the stand's node. */
  readonly layerMs: (stand: number) => number;
};

const graphs = new WeakMap<RouteIndex, WholeNodeGraph>();

/** Made once per route index. O(S log S) for S stands. */
export function wholeNodeGraphOf({snapshot, model}: RouteInput): WholeNodeGraph {
  const index = routeIndexOf(snapshot, model);
  const known = graphs.get(index);
  if (known !== undefined) return known;
  const {nodeOf, startOf, endOf, standCount} = index;
  const inOrder = Array.from({length: standCount}, (_, stand) => stand).toSorted(
    (a, b) => intAt(startOf, a) - intAt(startOf, b) || intAt(endOf, a) - intAt(endOf, b) || a - b,
  );
  const beginningAt = new Map<number, number[]>();
  for (const stand of inOrder) {
    const startLayer = intAt(startOf, stand);
    const others = beginningAt.get(startLayer);
    if (others === undefined) beginningAt.set(startLayer, [stand]);
    else others.push(stand);
  }
  const graph: WholeNodeGraph = {
    index,
    inOrder,
    beginningAt,
    rttMs: (from, to) => snapshot.rttMs(intAt(nodeOf, from), intAt(nodeOf, to)),
    layerMs: (stand) => {
      const node = index.snapshot.nodes[intAt(nodeOf, stand)];
      return node === undefined ? Infinity : decodeLayerMs(node.decodeMsPerLayer, 1);
    },
  };
  graphs.set(index, graph);
  return graph;
}

export type WholeNodePath = {
  readonly graph: WholeNodeGraph;
  /** `nodeStates`: the reason, when there is no path. */
  readonly state: Uint8Array;
  /** Empty when there is none. */
  readonly stands: readonly number[];
  readonly nearEqual: number;
};

/** A path of whole nodes as an answer, with its honest step time: half a round trip per link, and the way back. */
export function wholeNodeResult(input: RouteInput, path: WholeNodePath): RouteResult {
  const {graph, state, stands, nearEqual} = path;
  const {index, rttMs, layerMs} = graph;
  if (stands.length === 0) {
    return {kind: 'gap', missing: missingLayers(input.snapshot, input.model, {state})};
  }
  let stepMs = 0;
  const hops = stands.flatMap((stand, k) => {
    const node = index.snapshot.nodes[intAt(index.nodeOf, stand)];
    if (node === undefined) return [];
    const startLayer = intAt(index.startOf, stand);
    const endLayer = intAt(index.endOf, stand);
    const next = stands[(k + 1) % stands.length] ?? stand;
    stepMs += (endLayer - startLayer) * layerMs(stand) + node.hopOverheadMs;
    if (stands.length > 1) stepMs += linkMs(rttMs(stand, next));
    return [{nodeId: node.nodeId, startLayer, endLayer}];
  });
  return {kind: 'chain', hops, stepMs, loadedStepMs: stepMs, nearEqual};
}
