import {realAt} from '../../scheduling/table-access.ts';
import type {PlanningPool} from '../../scheduling/allocation/planning-pool.ts';
import type {FilledPipeline} from './parallax-water-fill.ts';
import type {ParallaxView} from './parallax-view.ts';

type PairedStage = {
  readonly node: number;
  readonly start: number;
  readonly end: number;
  /** Average ms per cell, ends included: Parallax's cost of a whole node. */
  readonly costMs: number;
};

type Path = {readonly costMs: number; readonly stages: readonly PairedStage[]};

/**
 * Parallax's round-robin bootstrap (`sched/request_routing.py:651-680`): the
 * ranges that its planner made are joined again into pipelines. Heads, the one
 * with the cheapest path first, take their cheapest path over nodes that are
 * free, at exact boundaries only; a head whose paths are all taken gets none.
 * The cost is the node's average layer time plus full RTTs, without the way
 * back. O(heads · paths), bounded by cutting off paths that are too dear.
 */
export function parallaxPairing(
  pool: PlanningPool,
  pipelines: readonly FilledPipeline[],
  view: ParallaxView,
): readonly FilledPipeline[] {
  const pairedStages = pipelines.flatMap((pipeline) => pairedStagesOf(pool, pipeline, view));
  const byStart = new Map<number, PairedStage[]>();
  for (const stage of pairedStages) {
    const known = byStart.get(stage.start);
    if (known === undefined) byStart.set(stage.start, [stage]);
    else known.push(stage);
  }
  const heads = (byStart.get(0) ?? [])
    .map((head) => ({head, path: cheapestPath(pool, byStart, head, new Set())}))
    .toSorted((a, b) => (a.path?.costMs ?? Infinity) - (b.path?.costMs ?? Infinity));
  const used = new Set<number>();
  return heads.flatMap(({head}) => {
    const path = used.has(head.node) ? null : cheapestPath(pool, byStart, head, used);
    if (path === null) return [];
    for (const {node} of path.stages) used.add(node);
    return [
      {
        order: path.stages.map(({node}) => node),
        cells: path.stages.map(({start, end}) => end - start),
      },
    ];
  });
}

function pairedStagesOf(
  pool: PlanningPool,
  {order, cells}: FilledPipeline,
  view: ParallaxView,
): readonly PairedStage[] {
  let end = 0;
  return order.map((node, k) => {
    const count = cells[k] ?? 1;
    const start = end;
    end += count;
    const ends = (start === 0 ? 1 : 0) + (end === pool.cellCount ? 1 : 0);
    const costMs = view.idleCellMs(node) + (ends * view.endMs(node)) / count;
    return {node, start, end, costMs};
  });
}

function cheapestPath(
  pool: PlanningPool,
  byStart: ReadonlyMap<number, readonly PairedStage[]>,
  head: PairedStage,
  used: ReadonlySet<number>,
): Path | null {
  const found: {best: Path | null} = {best: null};
  const extend = (stages: readonly PairedStage[], costMs: number) => {
    if (found.best !== null && costMs >= found.best.costMs) return;
    const last = stages.at(-1) ?? head;
    if (last.end === pool.cellCount) {
      found.best = {costMs, stages};
      return;
    }
    for (const next of byStart.get(last.end) ?? []) {
      if (used.has(next.node) || stages.includes(next)) continue;
      const rttMs = 2 * realAt(pool.oneWayMs, last.node * pool.count + next.node);
      extend([...stages, next], costMs + rttMs + next.costMs);
    }
  };
  extend([head], head.costMs);
  return found.best;
}
