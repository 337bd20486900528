import {expect, test} from 'vitest';
import {generatePool, type PoolMix} from '#shared/lab/pools/pool-generator.ts';
import {planProblems} from '#shared/lab/pools/plan-problems.ts';
import {parsePool} from '../pools/pool-file.ts';
import {planningPoolOf} from '../../scheduling/allocation/planning-pool.ts';
import {ALLOCATION_HEURISTICS} from './allocation-heuristics.ts';
import {allocateByDp} from './dp-allocator.ts';
import {parallaxGreedySets} from '../../scheduling/allocation/planner/parallax-greedy.ts';

function askAbout(recipe: {seed: number; nodes: number; mix: PoolMix; regions: number}) {
  const file = generatePool({...recipe, layerCount: 48});
  const {snapshot, model, target, joinOrder} = parsePool(file);
  return {snapshot, model, question: {pool: planningPoolOf(snapshot, model), target, joinOrder}};
}

test.each(Object.entries(ALLOCATION_HEURISTICS))(
  '[AH1] %s gives a valid plan, and the same one again',
  (_, allocate) => {
    for (const mix of ['all-different', 'many-weak'] as const) {
      const {snapshot, model, question} = askAbout({seed: 7, nodes: 12, mix, regions: 3});
      const plan = allocate(question);
      expect(planProblems(plan, snapshot, model)).toEqual([]);
      expect(allocate(question)).toEqual(plan);
    }
  },
);

test.each(Object.entries(ALLOCATION_HEURISTICS))(
  '[AH2] %s says what is missing where there is no pipeline, also without any node',
  (_, allocate) => {
    for (const nodes of [0, 1]) {
      const {snapshot, model, question} = askAbout({seed: 7, nodes, mix: 'many-weak', regions: 1});
      const plan = allocate(question);
      expect(planProblems(plan, snapshot, model)).toEqual([]);
      expect(plan.missing).not.toEqual([]);
    }
  },
);

test('[AH3] the DP makes two pairs where taking nodes as they come makes one triple', () => {
  const {snapshot, model} = parsePool({
    model: {layerCount: 10},
    nodes: [4, 3, 6, 7].map((plain, k) => ({
      id: `n${k}`,
      capacityLayers: {plain, first: plain, last: plain, both: plain},
      decodeMsPerLayer: 1,
    })),
  });
  const pool = planningPoolOf(snapshot, model);
  const order = [0, 1, 2, 3];
  const {sets, gaveUpAt} = allocateByDp({
    pool,
    order,
    score: (pipelineCount, stageCount) => pipelineCount ** 2 / stageCount,
    stateBudget: 1000,
  });
  expect(gaveUpAt).toBeNull();
  expect(sets).toEqual([
    [0, 2],
    [1, 3],
  ]);
  expect(parallaxGreedySets(pool, order)).toEqual([[0, 1, 2]]);
});

test('[AH4] a DP whose states grow beyond the budget gives up and says where', () => {
  const {question} = askAbout({seed: 7, nodes: 30, mix: 'all-different', regions: 1});
  const {pool, joinOrder} = question;
  const {sets, gaveUpAt} = allocateByDp({
    pool,
    order: joinOrder,
    score: (pipelineCount) => pipelineCount,
    stateBudget: 2000,
  });
  expect(gaveUpAt).toBe(sets.length + 1);
  expect(ALLOCATION_HEURISTICS['parallax-dp'](question).events).toContainEqual(
    expect.objectContaining({kind: 'dp-gave-up'}),
  );
});
