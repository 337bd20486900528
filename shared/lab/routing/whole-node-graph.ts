import {batchMs, linkMs} from '../../scheduling/cost-model.ts';
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
  /** Holdings by first layer, then last: every edge goes forwards in it. */
  readonly inOrder: readonly number[];
  /** Holdings by the layer at which they begin. */
  readonly beginningAt: ReadonlyMap<number, readonly number[]>;
  /** Round trip between the nodes of two holdings; `Infinity` when they cannot reach each other. */
  readonly rttMs: (from: number, to: number) => number;
  /** One decode step of one layer at batch 1, by the holding's node. */
  readonly layerMs: (holding: number) => number;
};

const graphs = new WeakMap<RouteIndex, WholeNodeGraph>();

/** Made once per route index. O(S log S) for S holdings. */
export function wholeNodeGraphOf({snapshot, model}: RouteInput): WholeNodeGraph {
  const index = routeIndexOf(snapshot, model);
  const known = graphs.get(index);
  if (known !== undefined) return known;
  const {nodeOf, startOf, endOf, holdingCount} = index;
  const inOrder = Array.from({length: holdingCount}, (_, holding) => holding).toSorted(
    (a, b) => intAt(startOf, a) - intAt(startOf, b) || intAt(endOf, a) - intAt(endOf, b) || a - b,
  );
  const beginningAt = new Map<number, number[]>();
  for (const holding of inOrder) {
    const startLayer = intAt(startOf, holding);
    const others = beginningAt.get(startLayer);
    if (others === undefined) beginningAt.set(startLayer, [holding]);
    else others.push(holding);
  }
  const graph: WholeNodeGraph = {
    index,
    inOrder,
    beginningAt,
    rttMs: (from, to) => snapshot.rttMs(intAt(nodeOf, from), intAt(nodeOf, to)),
    layerMs: (holding) => {
      const node = index.snapshot.nodes[intAt(nodeOf, holding)];
      return node === undefined ? Infinity : batchMs(node.decodeMsPerLayer, 1);
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
  readonly holdings: readonly number[];
  readonly nearEqual: number;
};

/** A path of whole nodes as an answer, with its honest step time: half a round trip per link, and the way back. */
export function wholeNodeResult(input: RouteInput, path: WholeNodePath): RouteResult {
  const {graph, state, holdings, nearEqual} = path;
  const {index, rttMs, layerMs} = graph;
  if (holdings.length === 0) {
    return {kind: 'gap', missing: missingLayers(input.snapshot, input.model, {state})};
  }
  let stepMs = 0;
  const hops = holdings.flatMap((holding, k) => {
    const node = index.snapshot.nodes[intAt(index.nodeOf, holding)];
    if (node === undefined) return [];
    const startLayer = intAt(index.startOf, holding);
    const endLayer = intAt(index.endOf, holding);
    const next = holdings[(k + 1) % holdings.length] ?? holding;
    stepMs += (endLayer - startLayer) * layerMs(holding) + node.hopOverheadMs;
    if (holdings.length > 1) stepMs += linkMs(rttMs(holding, next));
    return [{nodeId: node.nodeId, startLayer, endLayer}];
  });
  return {kind: 'chain', hops, stepMs, loadedStepMs: stepMs, nearEqual};
}
