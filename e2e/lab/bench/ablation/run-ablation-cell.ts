import {asPeerId} from '#shared/base/ids.ts';
import {planPool} from '#shared/scheduling/allocation/planner/allocate-layers.ts';
import {LIVE_TARGET} from '#shared/scheduling/allocation/allocation-target.ts';
import {ALLOCATION_HEURISTICS} from '#shared/lab/allocation/allocation-heuristics.ts';
import type {Plan} from '#shared/scheduling/allocation/plan.ts';
import {planningPoolOf} from '#shared/scheduling/allocation/planning-pool.ts';
import {ROUTING_HEURISTICS} from '#shared/lab/routing/routing-heuristics.ts';
import type {Pool} from '#shared/lab/pools/pool-file.ts';
import {factsOfNode, nodesOfPool} from '#shared/lab/virtual-swarm/scripts/nodes-of-pool.ts';
import {runVirtualSwarm} from '#shared/lab/virtual-swarm/run-virtual-swarm.ts';
import {summariseAnswers} from '#shared/lab/virtual-swarm/report/summarise-answers.ts';
import type {SwarmReport} from '#shared/lab/virtual-swarm/swarm-report.ts';
import {swarmScript, type Churn, type Placement} from '#shared/lab/virtual-swarm/swarm-script.ts';
import type {AskedRequest} from '#shared/lab/virtual-swarm/virtual-answer.ts';
import {arrivalTimesMs} from '../../../load/scenario/arrival-times.ts';
import {
  PLANNERS,
  ROUTERS,
  type AblationCell,
  type AblationRow,
  type PlannerName,
} from './ablation-cell.ts';
import {ablationWorld} from './ablation-world.ts';
import {FixedPipelines} from './fixed-pipelines.ts';

const PROMPT_TOKENS = 64;
const NEW_TOKENS = 128;
const CLIENTS = 8;
/** Two sessions at once for each pipeline of the poorest plan, within what one run can handle. */
const SESSIONS_PER_PIPELINE = 2;
const MOST_SESSIONS = 80;
/** Enough for a figure. */
const FEWEST_REQUESTS = 40;
const FIRST_MS = 3000;
/** Answers that are not done so long after the last question are not counted as answered. */
const LAST_CALL_MS = 60_000;
const MEAN_LIFE_MS = 120_000;

type Planned = {readonly plan: Plan; readonly placement: () => Placement};

/**
 * All pairs of planner and router in one world, with the same questions.
 *
 * @param options.fewestRequests where the plans have pipelines for no more.
 */
export function runAblationCell(
  cell: AblationCell,
  {fewestRequests = FEWEST_REQUESTS}: {readonly fewestRequests?: number} = {},
): readonly AblationRow[] {
  const pool = ablationWorld(cell);
  const planned = PLANNERS.map((planner) => ({planner, ...plannedBy(planner, pool)}));
  const plans = planned.map(({plan}) => plan);
  const requests = questionsFor(cell, plans, fewestRequests);
  return planned.flatMap(({planner, plan, placement}) =>
    ROUTERS.map((router) => {
      const report = runVirtualSwarm(
        swarmScript({
          grid: pool.model,
          seed: cell.seed,
          nodes: nodesOfPool(pool, plan),
          churn: cell.churn === 'churn' ? churnOf(pool) : null,
          // Where nobody comes or goes nobody moves (VS4), so nobody need look around.
          placement: cell.churn === 'churn' ? placement() : {kind: 'fixed'},
          endsWith: 'answers',
          directory: {minDelayMs: 0, maxDelayMs: 1000, lossRate: 0},
          requests,
          chooseChain: ROUTING_HEURISTICS[router],
          durationMs: (requests.at(-1)?.atMs ?? 0) + LAST_CALL_MS,
        }),
      );
      const pipelines = plan.pipelines.length;
      return {...cell, planner, router, pipelines, ...measured(report)};
    }),
  );
}

function plannedBy(name: PlannerName, {snapshot, model, target, joinOrder}: Pool): Planned {
  const allocate = ALLOCATION_HEURISTICS[name];
  const index = planningPoolOf(snapshot, model);
  if (name === 'weft') {
    return {plan: planPool(index, LIVE_TARGET), placement: () => ({kind: 'live'})};
  }
  const plan = allocate({pool: index, target, joinOrder});
  const placement = (): Placement => {
    const pipelines = new FixedPipelines(
      model,
      (pool, order) => allocate({pool, target, joinOrder: order}).pipelines,
      plan.pipelines,
    );
    return {kind: 'central', replan: (nodes) => pipelines.replan(nodes)};
  };
  // What is in no pipeline stays idle, as it does there.
  return {plan: {...plan, replicas: []}, placement};
}

/** A newcomer is as strong, and in the same place, as some node of the pool. */
function churnOf({snapshot: {nodes}}: Pool): Churn {
  return {
    meanLifeMs: MEAN_LIFE_MS,
    noticedRate: 0.5,
    newcomer: (number) => {
      const model = nodes[number % nodes.length];
      if (model === undefined) throw new Error('Broken invariant: a pool without nodes');
      return factsOfNode(model, asPeerId(`${model.nodeId}-${String(number)}`));
    },
  };
}

/** The same questions for all pairs: as many at once as suits the plan with the fewest pipelines. */
function questionsFor(
  {arrival, seed}: AblationCell,
  plans: readonly Plan[],
  fewest: number,
): readonly AskedRequest[] {
  const [pipelines = []] = plans
    .map((plan) => plan.pipelines)
    .filter(({length}) => length > 0)
    .toSorted((a, b) => a.length - b.length);
  const meanStepMs = pipelines.reduce((sum, {stepMs}) => sum + stepMs / pipelines.length, 0);
  const sessions = Math.min(SESSIONS_PER_PIPELINE * Math.max(1, pipelines.length), MOST_SESSIONS);
  const perSec = (1000 * sessions) / Math.max(1, meanStepMs * NEW_TOKENS);
  const count = Math.max(fewest, 2 * sessions);
  return arrivalTimesMs({arrival, count, perSec, seed}).map((atMs, number) => ({
    atMs: FIRST_MS + atMs,
    client: number % CLIENTS,
    promptTokens: PROMPT_TOKENS,
    newTokens: NEW_TOKENS,
  }));
}

function measured({answers, coveredShare, reloadedLayers}: SwarmReport) {
  const {asked, done, stepMs, firstTokenMs, refusals, recoveries} = summariseAnswers(answers);
  const firstAskedMs = Math.min(...answers.map(({askedMs}) => askedMs));
  const lastEndMs = Math.max(firstAskedMs + 1, ...answers.map(({endMs}) => endMs ?? 0));
  const tokens = answers.reduce((sum, answer) => sum + answer.tokens, 0);
  return {
    asked,
    answered: done,
    stepMs,
    firstTokenMs,
    tokensPerSec: (1000 * tokens) / (lastEndMs - firstAskedMs),
    coveredShare,
    refusals,
    recoveries,
    reloadedLayers,
  };
}
