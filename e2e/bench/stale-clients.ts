import {planPool} from '#shared/scheduling/phase-1-allocation/allocate-layers.ts';
import {planningPoolOf} from '#shared/scheduling/phase-1-allocation/planning-pool.ts';
import {parsePool} from '#shared/scheduling/pool-file.ts';
import {generatePool, type PoolMix} from '#shared/testing/pool-generator.ts';
import {
  openByOneWhoKnows,
  openByStaleClients,
} from '#shared/testing/virtual-swarm/open-together.ts';
import {runVirtualSwarm} from '#shared/testing/virtual-swarm/run-virtual-swarm.ts';
import type {SwarmScript} from '#shared/testing/virtual-swarm/swarm-script.ts';
import {summariseAnswers} from '#shared/testing/virtual-swarm/summarise-answers.ts';
import type {Benchmark, BenchmarkContext} from './benchmark.ts';

const MIXES: readonly PoolMix[] = ['equal', 'few-kinds', 'all-different', 'many-weak'];
const REGIONS = [1, 4];
const CLIENTS = 20;
const STALE_MS = 2000;
const SESSIONS = 500;
/** What not knowing may cost at most, on average over pools. */
const FLOOR = 1.1;

/**
 * What it costs that clients know of each other's sessions 2 s late, in the
 * virtual swarm: mean time of a step over all open sessions, against one client
 * that knows everything at once.
 */
export const benchStaleClients: Benchmark = async (context) => {
  const ratios: number[] = [];
  for (const nodes of context.nodes ?? [64, 128]) {
    for (const mix of MIXES) {
      for (const regions of REGIONS) ratios.push(measure(context, {nodes, mix, regions}));
    }
  }
  context.print({
    name: `stale-clients: ${String(CLIENTS)} clients, ${String(STALE_MS)} ms late, against one who knows`,
    value: ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length,
    unit: 'ratio',
    floor: FLOOR,
    n: ratios.length,
    min: Math.min(...ratios),
    max: Math.max(...ratios),
  });
};

type World = {readonly nodes: number; readonly mix: PoolMix; readonly regions: number};

function measure({seed, print}: BenchmarkContext, world: World): number {
  const pool = parsePool(generatePool({seed, layerCount: 30, ...world}));
  const plan = planPool(planningPoolOf(pool.snapshot, pool.model), pool.target);
  const asked = {pool, plan, sessions: SESSIONS, seed};
  const knows = stepMsOf(openByOneWhoKnows(asked));
  const stale = stepMsOf(openByStaleClients({...asked, clients: CLIENTS, staleMs: STALE_MS}));
  const ratio = stale.mean / knows.mean;
  const where = world.regions === 1 ? 'flat' : `${String(world.regions)}r`;
  print({
    name: `stale-clients ${world.mix}-${String(world.nodes)}-${where}`,
    value: stale.mean,
    unit: 'ms/token',
    against: knows.mean,
    ratio,
    n: SESSIONS,
    min: stale.min,
    max: stale.max,
  });
  return ratio;
}

function stepMsOf(script: SwarmScript) {
  return summariseAnswers(runVirtualSwarm(script).answers).stepMs;
}
