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
 * the same distribution. O(S²) for S stands.
 */
export function randomPipeline(input: RouteInput): RouteResult {
  const graph = wholeNodeGraphOf(input);
  const {index, beginningAt, rttMs} = graph;
  const state = nodeStates(input.snapshot, input.request, input.overlay);
  const ways = waysToTheEnd(graph, (stand) => state[intAt(index.nodeOf, stand)] === USABLE);
  const random = seededRandom(input.seed);
  const stands: number[] = [];
  let next = drawByWays(index.heads, ways, random());
  while (next !== null) {
    const from = next;
    stands.push(from);
    if (index.isTail[from] === 1) break;
    const others = beginningAt.get(intAt(index.endOf, from)) ?? [];
    const reachable = others.filter((stand) => rttMs(from, stand) < Infinity);
    next = drawByWays(reachable, ways, random());
  }
  return wholeNodeResult(input, {graph, state, stands, nearEqual: 1});
}

/** For each stand, how many chains go on from it to a tail. */
function waysToTheEnd(
  {index, inOrder, beginningAt, rttMs}: WholeNodeGraph,
  isUsable: (stand: number) => boolean,
): Float64Array {
  const ways = new Float64Array(index.standCount);
  for (const stand of inOrder.toReversed()) {
    if (!isUsable(stand)) continue;
    if (index.isTail[stand] === 1) {
      ways[stand] = 1;
      continue;
    }
    for (const next of beginningAt.get(intAt(index.endOf, stand)) ?? []) {
      if (rttMs(stand, next) < Infinity) ways[stand] = realAt(ways, stand) + realAt(ways, next);
    }
  }
  return ways;
}

/** The stand at `share` of all ways, or `null` when no way goes on. */
function drawByWays(options: readonly number[], ways: Float64Array, share: number): number | null {
  const possible = options.filter((stand) => realAt(ways, stand) > 0);
  let at = share * possible.reduce((sum, stand) => sum + realAt(ways, stand), 0);
  for (const stand of possible) {
    at -= realAt(ways, stand);
    if (at < 0) return stand;
  }
  return possible.at(-1) ?? null;
}
