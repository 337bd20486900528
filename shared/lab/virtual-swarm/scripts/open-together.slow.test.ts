import {expect, test} from 'vitest';
import {planPool} from '#shared/scheduling/allocation/planner/allocate-layers.ts';
import {planningPoolOf} from '#shared/scheduling/allocation/planning-pool.ts';
import {parsePool} from '#shared/lab/pools/pool-file.ts';
import {generatePool, type PoolMix} from '../../pools/pool-generator.ts';
import {openByOneWhoKnows, openByStaleClients} from './open-together.ts';
import {runVirtualSwarm} from '../run-virtual-swarm.ts';
import type {SwarmScript} from '../swarm-script.ts';
import {summariseAnswers} from '../report/summarise-answers.ts';

/** Where most is lost: fast nodes that several clients hit at once, and slow ones left idle. */
const MIXES: readonly PoolMix[] = ['all-different', 'many-weak'];

function meanMs(script: SwarmScript): number {
  return summariseAnswers(runVirtualSwarm(script).answers).stepMs.mean;
}

const average = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

test('[VS8] clients whose records are 2 s old lose at most 10 % to one who knows everything', () => {
  const ratios = MIXES.map((mix) => {
    const pool = parsePool(generatePool({seed: 1, nodes: 48, mix, regions: 1, layerCount: 30}));
    const plan = planPool(planningPoolOf(pool.snapshot, pool.model), pool.target);
    const asked = {pool, plan, sessions: 200, seed: 1};
    const knowsMs = meanMs(openByOneWhoKnows(asked));
    const lost = (clients: number) =>
      meanMs(openByStaleClients({...asked, clients, staleMs: 2000})) / knowsMs;
    return {askAgain: lost(20), askOnce: lost(asked.sessions)};
  });
  expect(average(ratios.map(({askAgain}) => askAgain))).toBeLessThan(1.1);
  expect(average(ratios.map(({askOnce}) => askOnce))).toBeLessThan(1.1);
});
