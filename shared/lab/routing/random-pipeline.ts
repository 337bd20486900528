import {seededRandom} from '../../scheduling/seeded-choice.ts';
import {intAt, realAt} from '../../scheduling/table-access.ts';
import type {RouteResult} from '../../scheduling/routing/chain.ts';
import {nodeStates, USABLE} from '../../scheduling/routing/node-states.ts';
import type {RouteInput} from '../../scheduling/routing/select/select-chain.ts';
import {wholeNodeGraphOf, wholeNodeResult, type WholeNodeGraph} from './whole-node-graph.ts';

/**
 * Any chain of whole nodes, each equally likely (Parallax's random routing,
 * commit 162354a), for comparison. Parallax lists all chains, without bound;
 * counting them from the tails backwards and walking by the counts draws from
 * the same distribution. O(S²) for S holdings.
 */
export function randomPipeline(input: RouteInput): RouteResult {
  const graph = wholeNodeGraphOf(input);
  const {index, beginningAt, rttMs} = graph;
  const state = nodeStates(input.snapshot, input.request, input.overlay);
  const ways = waysToTheEnd(graph, (holding) => state[intAt(index.nodeOf, holding)] === USABLE);
  const random = seededRandom(input.seed);
  const holdings: number[] = [];
  let next = drawByWays(index.heads, ways, random());
  while (next !== null) {
    const from = next;
    holdings.push(from);
    if (index.isTail[from] === 1) break;
    const others = beginningAt.get(intAt(index.endOf, from)) ?? [];
    const reachable = others.filter((holding) => rttMs(from, holding) < Infinity);
    next = drawByWays(reachable, ways, random());
  }
  return wholeNodeResult(input, {graph, state, holdings, nearEqual: 1});
}

/** For each holding, how many chains go on from it to a tail. */
function waysToTheEnd(
  {index, inOrder, beginningAt, rttMs}: WholeNodeGraph,
  isUsable: (holding: number) => boolean,
): Float64Array {
  const ways = new Float64Array(index.holdingCount);
  for (const holding of inOrder.toReversed()) {
    if (!isUsable(holding)) continue;
    if (index.isTail[holding] === 1) {
      ways[holding] = 1;
      continue;
    }
    for (const next of beginningAt.get(intAt(index.endOf, holding)) ?? []) {
      if (rttMs(holding, next) < Infinity)
        ways[holding] = realAt(ways, holding) + realAt(ways, next);
    }
  }
  return ways;
}

/** The holding at `share` of all ways, or `null` when no way goes on. */
function drawByWays(options: readonly number[], ways: Float64Array, share: number): number | null {
  const possible = options.filter((holding) => realAt(ways, holding) > 0);
  let at = share * possible.reduce((sum, holding) => sum + realAt(ways, holding), 0);
  for (const holding of possible) {
    at -= realAt(ways, holding);
    if (at < 0) return holding;
  }
  return possible.at(-1) ?? null;
}
