import {planPool} from '#shared/scheduling/allocation/planner/allocate-layers.ts';
import {planningPoolOf} from '#shared/scheduling/allocation/planning-pool.ts';
import {parsePool} from '#shared/lab/pools/pool-file.ts';
import {generatePool, type PoolMix} from '#shared/lab/pools/pool-generator.ts';
import {
  openByOneWhoKnows,
  openByStaleClients,
} from '#shared/lab/virtual-swarm/scripts/open-together.ts';
import {runVirtualSwarm} from '#shared/lab/virtual-swarm/run-virtual-swarm.ts';
import type {SwarmScript} from '#shared/lab/virtual-swarm/swarm-script.ts';
import {summariseAnswers} from '#shared/lab/virtual-swarm/report/summarise-answers.ts';
import {spreadOf} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';

const MIXES: readonly PoolMix[] = ['equal', 'few-kinds', 'all-different', 'many-weak'];
const REGIONS = [1, 4];
const STALE_MS = 2000;
const SESSIONS = 500;
/** Each asks again and again, or each only once. */
const CLIENTS = [20, SESSIONS];
/** What not knowing may cost at most, on average over pools. */
const FLOOR = 1.1;

/**
 * What it costs that clients know of each other's sessions 2 s late, in the
 * virtual swarm: mean time of a step over all open sessions, against one client
 * that knows everything at once.
 */
export const benchStaleClients: Benchmark = async (context) => {
  const ratios = CLIENTS.map((): number[] => []);
  for (const nodes of context.nodes ?? [64, 128]) {
    for (const mix of MIXES) {
      for (const regions of REGIONS) {
        const measured = measure(context, {nodes, mix, regions});
        for (const [k, ratio] of measured.entries()) ratios[k]?.push(ratio);
      }
    }
  }
  for (const [k, clients] of CLIENTS.entries()) {
    const all = ratios[k] ?? [];
    context.print({
      name: `stale-clients: ${String(clients)} clients, ${String(STALE_MS)} ms late, against one who knows`,
      value: all.reduce((sum, ratio) => sum + ratio, 0) / all.length,
      unit: 'ratio',
      floor: FLOOR,
      ...spreadOf(all),
    });
  }
};

type World = {readonly nodes: number; readonly mix: PoolMix; readonly regions: number};

/** @returns for each of `CLIENTS`, their mean step time over that of one who knows. */
function measure({seed, print}: BenchmarkContext, world: World): readonly number[] {
  const pool = parsePool(generatePool({seed, layerCount: 30, ...world}));
  const plan = planPool(planningPoolOf(pool.snapshot, pool.model), pool.target);
  const asked = {pool, plan, sessions: SESSIONS, seed};
  const knows = stepMsOf(openByOneWhoKnows(asked));
  const where = world.regions === 1 ? 'flat' : `${String(world.regions)}r`;
  return CLIENTS.map((clients) => {
    const stale = stepMsOf(openByStaleClients({...asked, clients, staleMs: STALE_MS}));
    const ratio = stale.mean / knows.mean;
    print({
      name: `stale-clients ${world.mix}-${String(world.nodes)}-${where}, ${String(clients)} clients`,
      value: stale.mean,
      unit: 'ms/token',
      against: knows.mean,
      ratio,
      n: SESSIONS,
      min: stale.min,
      max: stale.max,
    });
    return ratio;
  });
}

function stepMsOf(script: SwarmScript) {
  return summariseAnswers(runVirtualSwarm(script).answers).stepMs;
}
