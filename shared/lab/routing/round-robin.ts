import {intAt} from '../../scheduling/table-access.ts';
import type {RouteResult} from '../../scheduling/routing/chain.ts';
import {nodeStates, USABLE} from '../../scheduling/routing/node-states.ts';
import type {RouteInput} from '../../scheduling/routing/select/select-chain.ts';
import {leastPath} from './least-path.ts';
import {wholeNodeGraphOf, wholeNodeResult, type WholeNodeGraph} from './whole-node-graph.ts';

/**
 * What Parallax's code does by default (commit 162354a, its round-robin
 * routing over fixed pipelines), for comparison: pipelines that share no node
 * are registered once, and requests go round them whatever their speed. The
 * seed is the turn: a caller that counts it up goes round. A pipeline with a
 * node that may not serve is passed over. O(heads × edges) once per layout,
 * then O(pipelines).
 */
export function roundRobin(input: RouteInput): RouteResult {
  const graph = wholeNodeGraphOf(input);
  const pipelines = pipelinesOf(graph);
  const state = nodeStates(input.snapshot, input.request, input.overlay);
  const count = pipelines.length;
  const isUsable = (holding: number) => state[intAt(graph.index.nodeOf, holding)] === USABLE;
  for (let k = 0; k < count; k += 1) {
    const turn = (((input.seed + k) % count) + count) % count;
    const holdings = pipelines[turn] ?? [];
    if (holdings.every(isUsable)) {
      return wholeNodeResult(input, {graph, state, holdings, nearEqual: count});
    }
  }
  return wholeNodeResult(input, {graph, state, holdings: [], nearEqual: 0});
}

const registered = new WeakMap<WholeNodeGraph, readonly (readonly number[])[]>();

/**
 * Heads in order of their best path; each registers its cheapest path over the
 * nodes that no other pipeline has. Parallax finds it by listing all paths,
 * without bound; a dynamic programme over what is left finds the same one. It
 * weighs a node with the time of one layer, and a link with its whole round trip.
 */
function pipelinesOf(graph: WholeNodeGraph): readonly (readonly number[])[] {
  const known = registered.get(graph);
  if (known !== undefined) return known;
  const {index} = graph;
  const used = new Set<number>();
  const pathFrom = (head: number) =>
    leastPath({
      graph,
      heads: [head],
      isUsable: (holding) => !used.has(intAt(index.nodeOf, holding)),
      weightMs: graph.layerMs,
    });
  const heads = index.heads
    .map((head) => ({head, ms: pathFrom(head).ms}))
    .filter(({ms}) => ms < Infinity)
    .toSorted((a, b) => a.ms - b.ms || a.head - b.head);
  const pipelines: (readonly number[])[] = [];
  for (const {head} of heads) {
    const {holdings} = pathFrom(head);
    const nodes = new Set(holdings.map((holding) => intAt(index.nodeOf, holding)));
    if (holdings.length === 0 || nodes.size < holdings.length) continue;
    for (const node of nodes) used.add(node);
    pipelines.push(holdings);
  }
  registered.set(graph, pipelines);
  return pipelines;
}
