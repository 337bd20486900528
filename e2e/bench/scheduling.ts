/// <reference types="node" />
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {planPool} from '#shared/scheduling/phase-1-allocation/allocate-layers.ts';
import {parallaxPlan} from '#shared/scheduling/phase-1-allocation/heuristics/parallax-plan.ts';
import type {Plan} from '#shared/scheduling/phase-1-allocation/plan.ts';
import {planningPoolOf} from '#shared/scheduling/phase-1-allocation/planning-pool.ts';
import {plannedSnapshot} from '#shared/scheduling/planned-snapshot.ts';
import {parsePool, type Pool} from '#shared/scheduling/pool-file.ts';
import {hopServiceMs, linkMs} from '#shared/scheduling/cost-model.ts';
import type {Stage} from '#shared/scheduling/phase-1-allocation/plan.ts';
import {closedNetworkStepMs, type ClosedHop} from '#shared/testing/closed-network.ts';
import {generatePool, type PoolMix} from '#shared/testing/pool-generator.ts';
import {ablationPage, type AblationRow} from './ablation-page.ts';
import type {Benchmark} from './benchmark.ts';
import {lineOf} from './bench-line.ts';
import {openSessions} from './open-sessions.ts';

const MIXES: readonly PoolMix[] = ['equal', 'few-kinds', 'all-different', 'many-weak'];
const REGIONS = [1, 4, 16];
const ROUNDS = 60;

/** Both phases on and off: our plan or Parallax's, our routing or its round robin. */
function ablate(pool: Pool, name: string, seed: number): readonly AblationRow[] {
  const index = planningPoolOf(pool.snapshot, pool.model);
  const startedMs = performance.now();
  const ours = planPool(index, pool.target);
  const planMs = performance.now() - startedMs;
  const theirs = parallaxPlan(index, pool.joinOrder);
  const sessions = 2 * Math.max(1, theirs.pipelines.length);
  const measure = (plan: Plan, routing: 'ours' | 'round-robin') => {
    const chains =
      routing === 'ours' ? routed(pool, plan, {requests: sessions, seed}) : inTurn(plan, sessions);
    const stepMs = closedNetworkStepMs(
      chains.map((chain) => closedHops(pool, chain)),
      ROUNDS,
    ).toSorted((a, b) => a - b);
    return {
      meanMs: stepMs.reduce((sum, ms) => sum + ms, 0) / Math.max(1, stepMs.length),
      p95Ms: stepMs[Math.floor(stepMs.length * 0.95)] ?? 0,
    };
  };
  return [
    {
      name,
      plan: 'weft',
      routing: 'weft',
      planMs,
      pipelines: ours.pipelines.length,
      ...measure(ours, 'ours'),
    },
    {
      name,
      plan: 'weft',
      routing: 'round-robin',
      planMs,
      pipelines: ours.pipelines.length,
      ...measure(ours, 'round-robin'),
    },
    {
      name,
      plan: 'parallax',
      routing: 'weft',
      planMs: 0,
      pipelines: theirs.pipelines.length,
      ...measure(theirs, 'ours'),
    },
    {
      name,
      plan: 'parallax',
      routing: 'round-robin',
      planMs: 0,
      pipelines: theirs.pipelines.length,
      ...measure(theirs, 'round-robin'),
    },
  ];
}

function routed(
  {snapshot, model}: Pool,
  plan: Plan,
  asked: {readonly requests: number; readonly seed: number},
): readonly (readonly Stage[])[] {
  const placements = [...plan.pipelines.flatMap(({stages}) => stages), ...plan.replicas];
  const {chains} = openSessions({
    snapshot: plannedSnapshot(snapshot, model, placements),
    model,
    ...asked,
    clients: 1,
    staleMs: 0,
  });
  return chains.flatMap((chain) => (chain.kind === 'chain' ? [chain.hops] : []));
}

function inTurn({pipelines}: Plan, sessions: number): readonly (readonly Stage[])[] {
  if (pipelines.length === 0) return [];
  return Array.from({length: sessions}, (_, k) => pipelines[k % pipelines.length]?.stages ?? []);
}

function closedHops({snapshot}: Pool, stages: readonly Stage[]): readonly ClosedHop[] {
  return stages.map(({nodeId, startLayer, endLayer}, k) => {
    const at = snapshot.indexOf.get(nodeId) ?? 0;
    const next = stages[(k + 1) % stages.length];
    const to = snapshot.indexOf.get(next?.nodeId ?? nodeId) ?? 0;
    const node = snapshot.nodes[at];
    return {
      node: nodeId,
      serviceMs: node === undefined ? 0 : hopServiceMs(node, endLayer - startLayer),
      linkMs: stages.length > 1 ? linkMs(snapshot.rttMs(at, to)) : 0,
    };
  });
}

/** Plans and routes of generated pools, ours and Parallax's; a page with plots. */
export const benchScheduling: Benchmark = async ({seed, nodes, reportDir, print, log}) => {
  const rows: AblationRow[] = [];
  for (const count of nodes ?? [8, 32, 128, 512]) {
    for (const mix of MIXES) {
      for (const regions of REGIONS) {
        const layerCount = count % 64 === 0 ? 48 : 30;
        const pool = parsePool(generatePool({seed, nodes: count, mix, regions, layerCount}));
        const world = regions === 1 ? 'flat' : `${regions}r`;
        rows.push(...ablate(pool, `${mix}-${count}-${world}`, seed));
      }
    }
  }
  for (const row of rows) print(lineOfRow(row, rows));
  await mkdir(reportDir, {recursive: true});
  const page = join(reportDir, 'scheduling.html');
  await writeFile(page, await ablationPage(rows));
  log(`Plots: ${page}`);
};

function lineOfRow(row: AblationRow, rows: readonly AblationRow[]) {
  const against = rows.find(
    ({name, plan, routing}) =>
      name === row.name && plan === 'parallax' && routing === 'round-robin',
  );
  const {meanMs, p95Ms, pipelines, planMs} = row;
  const name = `scheduling ${row.name}: ${row.plan} plan, ${row.routing} routing`;
  const compared =
    against === undefined ? {} : {against: against.meanMs, ratio: meanMs / against.meanMs};
  return {...lineOf(name, meanMs, 'ms/token'), ...compared, p95Ms, pipelines, planMs};
}
