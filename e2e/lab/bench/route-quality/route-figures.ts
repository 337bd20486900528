import {batchMs} from '#shared/scheduling/cost-model.ts';
import {planPool} from '#shared/scheduling/allocation/planner/allocate-layers.ts';
import {parallaxPlan} from '#shared/lab/allocation/parallax-plan.ts';
import {planningPoolOf} from '#shared/scheduling/allocation/planning-pool.ts';
import {plannedSnapshot} from '#shared/lab/pools/planned-snapshot.ts';
import type {Pool} from '#shared/lab/pools/pool-file.ts';
import {closedNetworkStepMs, type ClosedHop} from '#shared/testing/closed-network.ts';
import {openSessions} from '../scheduling/open-sessions.ts';
import {closedHops} from './closed-hops.ts';
import {leastBusiestWork} from './least-busiest-work.ts';

/** How well `sessions` open together are routed, against Parallax on the same pool. */
export type RouteFigures = {
  readonly sessions: number;
  /** Mean and 95th percentile of the step time, over those of round robin over Parallax's pipelines. */
  readonly mean: number;
  readonly p95: number;
  /** The least `mean` that any plan and any routing could reach: every node always busy, no links. */
  readonly leastMean: number;
  /** The same of `p95`: all but the slowest twentieth take that long when all are equally fast. */
  readonly leastP95: number;
  /** Work of the busiest node over the least possible when split over our own pipelines. */
  readonly busiest: number;
  /** Mean step time of many clients with old records, over that of one client that knows. */
  readonly staleMean: number;
};

export type RouteQuestion = {
  /** As many sessions as this times Parallax's pipelines, or this many. */
  readonly sessions: {readonly perPipeline: number} | number;
  readonly seed: number;
  /** 1: not measured, `staleMean` is 1. */
  readonly staleClients: number;
  readonly staleMs: number;
};

/** Rounds of each session that count, and a third as many before them. */
const ROUNDS = 40;

/**
 * Plans a pool with our planner, opens sessions one after the other and leaves
 * them open, and lets each go round its chain for ever, one at a time per node,
 * first come first served (`closedNetworkStepMs`). The same for as many sessions
 * that go in turn to the pipelines of Parallax's plan. Step times are means over
 * a session's rounds. No clock: equal pools give equal figures.
 */
export function routeFigures(pool: Pool, question: RouteQuestion): RouteFigures {
  const index = planningPoolOf(pool.snapshot, pool.model);
  const ours = planPool(index, pool.target);
  const theirs = parallaxPlan(index, pool.joinOrder).pipelines;
  const sessions =
    typeof question.sessions === 'number'
      ? question.sessions
      : question.sessions.perPipeline * theirs.length;
  const hopsOf = (stages: Parameters<typeof closedHops>[1]) => closedHops(pool.snapshot, stages);
  const inTurn = Array.from({length: sessions}, (_, k) =>
    hopsOf(theirs[k % theirs.length]?.stages ?? []),
  );
  const placements = [...ours.pipelines.flatMap(({stages}) => stages), ...ours.replicas];
  const snapshot = plannedSnapshot(pool.snapshot, pool.model, placements);
  const open = (clients: number, staleMs: number) =>
    openSessions({
      snapshot,
      model: pool.model,
      requests: sessions,
      seed: question.seed,
      clients,
      staleMs,
    }).chains.map((result) => hopsOf(result.kind === 'chain' ? result.hops : []));
  const routed = open(1, 0);
  const against = stepTimes(inTurn);
  const with1 = stepTimes(routed);
  const slowestStageMs = ours.pipelines.map(({stages}) =>
    Math.max(...hopsOf(stages).map(({serviceMs}) => serviceMs)),
  );
  const leastMs = leastMeanMs(pool, sessions);
  const withStale =
    question.staleClients > 1 ? stepTimes(open(question.staleClients, question.staleMs)) : with1;
  return {
    sessions,
    mean: with1.meanMs / against.meanMs,
    p95: with1.p95Ms / against.p95Ms,
    leastMean: leastMs / against.meanMs,
    leastP95: (0.95 * leastMs) / against.p95Ms,
    busiest: busiestWork(routed) / leastBusiestWork(slowestStageMs, sessions),
    staleMean: withStale.meanMs / with1.meanMs,
  };
}

function stepTimes(chains: readonly (readonly ClosedHop[])[]) {
  const stepMs = closedNetworkStepMs(chains, ROUNDS).toSorted((a, b) => a - b);
  return {
    meanMs: stepMs.reduce((sum, ms) => sum + ms, 0) / Math.max(1, stepMs.length),
    p95Ms: stepMs[Math.floor(stepMs.length * 0.95)] ?? 0,
  };
}

function busiestWork(chains: readonly (readonly ClosedHop[])[]): number {
  const workMs = new Map<string, number>();
  for (const {node, serviceMs} of chains.flat()) {
    workMs.set(node, (workMs.get(node) ?? 0) + serviceMs);
  }
  return Math.max(...workMs.values());
}

/** Every node runs any layer, all the time: so many layers per ms, `layerCount` of them per token. */
function leastMeanMs({snapshot, model}: Pool, sessions: number): number {
  const layersPerMs = snapshot.nodes.reduce(
    (sum, node) =>
      node.capacityLayers.plain < 1 ? sum : sum + 1 / batchMs(node.decodeMsPerLayer, 1),
    0,
  );
  return (sessions * model.layerCount) / layersPerMs;
}
