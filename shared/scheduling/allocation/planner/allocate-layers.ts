import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {PeerId} from '#shared/base/ids.ts';
import type {SchedulingEvent} from '../../scheduling-event.ts';
import type {SwarmSnapshot} from '../../swarm-snapshot.ts';
import {throughputShareOf, type AllocationTarget} from '../allocation-target.ts';
import {choosePipelines} from './choose-pipelines.ts';
import {emptyCoverage, type Coverage} from '../coverage.ts';
import {fillCells, pipelineStepMs} from './fill-layers.ts';
import {PipelineCost} from './pipeline-cost.ts';
import {placeSpares} from './place-spares.ts';
import type {Pipeline, Plan} from '../plan.ts';
import {planningPoolOf, type PlanningPool} from '../planning-pool.ts';

export type AllocationInput = {
  readonly snapshot: SwarmSnapshot;
  readonly model: CutGrid;
  readonly target: AllocationTarget;
};

/**
 * Phase 1: which node should hold which layers, for a swarm that starts from
 * nothing: the most complete pipelines, then the least mean step time, then
 * replicas of what is served least. Pure, whatever the order of records; never
 * throws on a pool. O(N² + steps) with a fixed number of search steps.
 * Source: Parallax, arXiv 2509.26182, phase 1; departs from it by RTT, by
 * classes instead of residuals, and by a search on the true step time.
 */
export function allocateLayers({snapshot, model, target}: AllocationInput): Plan {
  return planPool(planningPoolOf(snapshot, model), target);
}

/**
 * The planner: tabs that join, `npm run plan` and the benchmarks all call this.
 *
 * @param pool the nodes to be placed.
 * @param serving what others serve already, by default nothing: nodes that are in no pipeline
 *   help where there is least of it.
 */
export function planPool(
  pool: PlanningPool,
  target: AllocationTarget,
  serving: Coverage = emptyCoverage(pool.grid),
): Plan {
  const {orders, events} = choosePipelines(new PipelineCost(pool), target);
  const throughputShare = throughputShareOf(target);
  const pipelines = orders
    .flatMap((order) => pipelineOf(pool, order, throughputShare))
    .toSorted((a, b) => a.stepMs - b.stepMs);
  return completePlan(pool, pipelines, {events, serving});
}

type Before = {readonly events: readonly SchedulingEvent[]; readonly serving: Coverage};

/** Adds to pipelines what becomes of all other nodes, and says why. */
export function completePlan(
  pool: PlanningPool,
  pipelines: readonly Pipeline[],
  {events = [], serving = emptyCoverage(pool.grid)}: Partial<Before> = {},
): Plan {
  const placed = placeSpares(pool, pipelines, serving);
  const meanStepMs = pipelines.reduce((sum, {stepMs}) => sum + stepMs / pipelines.length, 0);
  const formed: SchedulingEvent = {
    kind: 'pipelines-formed',
    pipelines: pipelines.length,
    meanStepMs,
  };
  return {...placed, pipelines, events: [...events, formed, ...placed.events]};
}

/** A pipeline of nodes in order, or none when they cannot hold the model. */
function pipelineOf(
  pool: PlanningPool,
  order: readonly number[],
  throughputShare: number,
): readonly Pipeline[] {
  const cells = fillCells(pool, order, throughputShare);
  return cells === null ? [] : [pipelineWith(pool, order, cells)];
}

/** A pipeline whose stages hold these numbers of cells. */
export function pipelineWith(
  pool: PlanningPool,
  order: readonly number[],
  cells: readonly number[],
): Pipeline {
  const {layerCount, cutEvery} = pool.grid;
  let endLayer = 0;
  const stages = order.map((node, k) => {
    const startLayer = endLayer;
    endLayer = Math.min(startLayer + (cells[k] ?? 0) * cutEvery, layerCount);
    return {nodeId: nodeIdAt(pool, node), startLayer, endLayer};
  });
  return {stages, stepMs: pipelineStepMs(pool, order, cells)};
}

function nodeIdAt({snapshot}: PlanningPool, node: number): PeerId {
  const found = snapshot.nodes[node];
  if (found === undefined) throw new Error(`Broken invariant: no node at ${node}`);
  return found.nodeId;
}
