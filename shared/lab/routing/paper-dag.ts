import {intAt} from '../../scheduling/table-access.ts';
import type {RouteResult} from '../../scheduling/routing/chain.ts';
import {nodeStates, USABLE} from '../../scheduling/routing/node-states.ts';
import type {RouteInput} from '../../scheduling/routing/select/select-chain.ts';
import {leastPath} from './least-path.ts';
import {wholeNodeGraphOf, wholeNodeResult} from './whole-node-graph.ts';

/**
 * The paper's phase 2 (Parallax, arXiv 2509.26182), for comparison: the least
 * Σ τ + Σ ρ through a DAG of whole nodes, τ the time of a node's layers, ρ the
 * round trip of a link. Nothing enters or leaves a node inside its range, the
 * way back from tail to head is free, and nobody waits: so the best chain stays
 * the best until it is full. Departs from Parallax's code (commit 162354a,
 * `DynamicProgrammingRouting`) by weighing a node with all of its layers; the
 * code takes the mean of one. O(S²) for S holdings. The seed has no influence.
 */
export function paperDag(input: RouteInput): RouteResult {
  const graph = wholeNodeGraphOf(input);
  const {nodeOf, startOf, endOf, heads} = graph.index;
  const state = nodeStates(input.snapshot, input.request, input.overlay);
  const {holdings} = leastPath({
    graph,
    heads,
    isUsable: (holding) => state[intAt(nodeOf, holding)] === USABLE,
    weightMs: (holding) =>
      (intAt(endOf, holding) - intAt(startOf, holding)) * graph.layerMs(holding),
  });
  return wholeNodeResult(input, {graph, state, holdings, nearEqual: 1});
}
