import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {canServe} from '#shared/testing/can-serve.ts';
import {generatePool} from '#shared/lab/pools/pool-generator.ts';
import {planProblems} from '#shared/lab/pools/plan-problems.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {parsePool, type Pool} from '../../../lab/pools/pool-file.ts';
import {hopTokensPerSec} from '../../cost-model.ts';
import type {CapacityLayers} from '../../swarm-snapshot.ts';
import {allocateLayers, planPool} from './allocate-layers.ts';
import {parallaxPlan} from '../../../lab/allocation/parallax-plan.ts';
import type {Plan} from '../plan.ts';
import {planningPoolOf} from '../planning-pool.ts';

const number = fc.oneof(
  fc.integer({min: -2, max: 40}),
  fc.constant(Number.NaN),
  fc.double({min: -1, max: 50, noNaN: true}),
);
const absurdPool = fc.record({
  model: fc.record({
    layerCount: fc.integer({min: 1, max: 40}),
    cutEvery: fc.integer({min: 1, max: 6}),
  }),
  nodes: fc.uniqueArray(
    fc.record({
      id: fc.string({minLength: 1, maxLength: 4}),
      capacityLayers: fc.record({plain: number, first: number, last: number, both: number}),
      decodeMsPerLayer: number,
      hopOverheadMs: number,
      coords: fc.array(fc.double({min: -100, max: 100, noNaN: true}), {maxLength: 2}),
    }),
    {selector: ({id}) => id, maxLength: 9},
  ),
});

test('[AL1] every pool, also an absurd one, gives a valid plan or says what is missing', () => {
  fc.assert(
    fc.property(absurdPool, (json) => {
      const {snapshot, model, target} = parsePool(json);
      const plan = allocateLayers({snapshot, model, target});
      expect(planProblems(plan, snapshot, model)).toEqual([]);
    }),
    {numRuns: 25},
  );
});

function planFor(model: CutGrid, capacities: readonly CapacityLayers[]): Plan {
  const nodes = capacities.map((capacityLayers, at) => ({
    id: `n${at}`,
    capacityLayers,
    decodeMsPerLayer: 1,
  }));
  const {snapshot, target} = parsePool({model, nodes});
  return allocateLayers({snapshot, model, target});
}

const evenly = (layers: number) => ({plain: layers, first: layers, last: layers, both: layers});

test('[AL10] a node with room for nothing but the last, short cell is the tail', () => {
  const plan = planFor({layerCount: 6, cutEvery: 5}, [evenly(5), evenly(1)]);
  expect(plan.missing).toEqual([]);
  expect(plan.pipelines.map(({stages}) => stages)).toEqual([
    [
      {nodeId: 'n0', startLayer: 0, endLayer: 5},
      {nodeId: 'n1', startLayer: 5, endLayer: 6},
    ],
  ]);
});

test('[AL10] small tails close one pipeline each', () => {
  const plan = planFor({layerCount: 11, cutEvery: 5}, [10, 1, 10, 1, 1].map(evenly));
  expect(plan.pipelines).toHaveLength(2);
  expect(plan.replicas).toHaveLength(1);
});

const capacity = fc.tuple(fc.nat(7), fc.nat(2), fc.nat(3)).map(([plain, embedding, lmHead]) => ({
  plain,
  first: Math.max(0, plain - embedding),
  last: Math.max(0, plain - lmHead),
  both: Math.max(0, plain - embedding - lmHead),
}));

test('[AL10] a few nodes form a pipeline exactly when some of them can, in some order', () => {
  const grids = fc.record({
    layerCount: fc.integer({min: 5, max: 14}),
    cutEvery: fc.integer({min: 2, max: 5}),
  });
  const capacities = fc.array(capacity, {minLength: 2, maxLength: 5});
  fc.assert(
    fc.property(grids, capacities, (model, nodes) => {
      expect(planFor(model, nodes).pipelines.length > 0).toBe(canServe(model, nodes));
    }),
    {numRuns: 60},
  );
});

test('[AL2] the order of nodes and keys has no influence', () => {
  const json = generatePool({seed: 3, nodes: 20, mix: 'all-different', regions: 4, layerCount: 30});
  const planOf = (nodes: readonly unknown[]) => {
    const {snapshot, model, target} = parsePool({...json, nodes});
    return allocateLayers({snapshot, model, target});
  };
  const usual = planOf(json.nodes);
  fc.assert(
    fc.property(fc.shuffledSubarray(json.nodes, {minLength: 20}), (shuffled) => {
      const reversed = shuffled.map((node) =>
        Object.fromEntries(Object.entries(node).toReversed()),
      );
      expect(planOf(reversed)).toEqual(usual);
    }),
    {numRuns: 4},
  );
});

test('[AL7] equal snapshots give equal plans, events and all', () => {
  const json = generatePool({seed: 5, nodes: 50, mix: 'many-weak', regions: 4, layerCount: 30});
  const [first, second] = [0, 1].map(() => {
    const {snapshot, model, target} = parsePool(structuredClone(json));
    return allocateLayers({snapshot, model, target});
  });
  expect(second).toEqual(first);
});

test('[AL8] the events say what was considered, and account for every node', () => {
  const json = generatePool({seed: 5, nodes: 50, mix: 'many-weak', regions: 4, layerCount: 30});
  const {snapshot, model, target} = parsePool(json);
  const {events, pipelines, replicas, spares} = allocateLayers({snapshot, model, target});
  const of = (kind: string) => events.filter((event) => event.kind === kind);
  const givenUp = events.reduce(
    (sum, event) => sum + (event.kind === 'given-up' ? event.pipelines : 0),
    0,
  );
  expect(of('capacity-covered')).toMatchObject([{pipelines: pipelines.length + givenUp}]);
  expect(of('improved')).toHaveLength(1);
  expect(of('pipelines-formed')).toMatchObject([{pipelines: pipelines.length}]);
  expect(of('replica-placed')).toHaveLength(replicas.length);
  expect(of('left-spare')).toHaveLength(spares.length);
  const stages = pipelines.reduce((sum, pipeline) => sum + pipeline.stages.length, 0);
  expect(stages + replicas.length + spares.length).toBe(50);
});

const stepsOf = ({pipelines}: Plan) => pipelines.map(({stepMs}) => stepMs);

/** The worked example of README.md. */
test('[AL9] near nodes form a pipeline; the faster one takes what both could hold', () => {
  const capacityLayers = {plain: 4, first: 3, last: 3, both: 2};
  const nodeAt = (id: string, at: number, decodeMsPerLayer: number) => ({
    id,
    capacityLayers,
    decodeMsPerLayer,
    coords: [at],
  });
  const {snapshot, model, target, joinOrder} = parsePool({
    model: {layerCount: 4},
    nodes: [nodeAt('a', 0, 1), nodeAt('c', 100, 1), nodeAt('b', 2, 2), nodeAt('d', 102, 2)],
  });
  const pool = planningPoolOf(snapshot, model);
  expect(stepsOf(planPool(pool, target))).toEqual([7, 7]);
  expect(planPool(pool, target).pipelines[0]?.stages).toMatchObject([
    {nodeId: 'a', startLayer: 0, endLayer: 3},
    {nodeId: 'b', startLayer: 3, endLayer: 4},
  ]);
  expect(stepsOf(parallaxPlan(pool, joinOrder))).toEqual([104, 108]);
});

test('[AL3] a node that fits everything is a pipeline of its own', () => {
  const json = {
    model: {layerCount: 12},
    nodes: [
      {
        id: 'a',
        capacityLayers: {plain: 14, first: 13, last: 13, both: 12},
        decodeMsPerLayer: 2,
        hopOverheadMs: 1,
      },
    ],
  };
  const {snapshot, model, target} = parsePool(json);
  expect(allocateLayers({snapshot, model, target})).toMatchObject({
    pipelines: [{stages: [{nodeId: 'a', startLayer: 0, endLayer: 12}], stepMs: 25}],
    missing: [],
  });
});

test('[AL3] whatever is near it, and however slow it is itself', () => {
  const member = fc.record({
    isWhole: fc.boolean(),
    at: fc.integer({min: 0, max: 40}),
    decodeMsPerLayer: fc.integer({min: 1, max: 30}),
  });
  fc.assert(
    fc.property(fc.array(member, {minLength: 2, maxLength: 14}), (members) => {
      const {snapshot, model, target} = parsePool({
        model: {layerCount: 10},
        nodes: members.map(({isWhole, at, decodeMsPerLayer}, k) => {
          const plain = isWhole ? 12 : 7;
          return {
            id: `n${k}`,
            capacityLayers: {plain, first: plain - 1, last: plain - 1, both: plain - 2},
            decodeMsPerLayer,
            coords: [at],
          };
        }),
      });
      const {pipelines} = allocateLayers({snapshot, model, target});
      const alone = pipelines.flatMap(({stages}) => (stages.length === 1 ? stages : []));
      expect(alone).toHaveLength(members.filter(({isWhole}) => isWhole).length);
    }),
    {numRuns: 10},
  );
});

test('[AL4] without enough capacity the best partial plan is in the replicas, the rest missing', () => {
  const capacityLayers = {plain: 4, first: 3, last: 3, both: 2};
  const nodes = ['a', 'b'].map((id) => ({id, capacityLayers, decodeMsPerLayer: 1}));
  const {snapshot, model, target} = parsePool({model: {layerCount: 10}, nodes});
  const plan = allocateLayers({snapshot, model, target});
  expect(plan.pipelines).toEqual([]);
  expect(plan.replicas).toHaveLength(2);
  const missingCount = plan.missing.reduce((sum, gap) => sum + gap.endLayer - gap.startLayer, 0);
  expect(missingCount).toBe(3);
});

test('[AL4] nodes without room for an end of the model serve its middle', () => {
  const middle = {capacityLayers: {plain: 2, first: 0, last: 0, both: 0}, decodeMsPerLayer: 1};
  const nodes = ['a', 'b', 'c'].map((id) => ({id, ...middle}));
  const {snapshot, model, target} = parsePool({model: {layerCount: 6}, nodes});
  const plan = allocateLayers({snapshot, model, target});
  expect(plan.replicas).toHaveLength(3);
  expect(plan.missing).toMatchObject([
    {startLayer: 0, endLayer: 1},
    {startLayer: 5, endLayer: 6},
  ]);
});

test.each(['equal', 'few-kinds', 'all-different', 'many-weak'] as const)(
  '[AL5] valid plans for generated pools: %s',
  (mix) => {
    for (const [regions, nodes] of [
      [1, 40],
      [4, 90],
    ] as const) {
      const json = generatePool({seed: 11, nodes, mix, regions, layerCount: 48});
      const {snapshot, model, target} = parsePool(json);
      const plan = planPool(planningPoolOf(snapshot, model), target);
      expect(planProblems(plan, snapshot, model)).toEqual([]);
      expect(plan.pipelines.length).toBeGreaterThan(0);
    }
  },
);

/** Tokens a second of all pipelines while each of their nodes runs as many sessions as one as it can. */
function busyTokensPerSec({snapshot}: Pool, {pipelines}: Plan): number {
  return pipelines.reduce((sum, {stages}) => {
    const rates = stages.map(({nodeId, startLayer, endLayer}) => {
      const node = snapshot.nodes[snapshot.indexOf.get(nodeId) ?? -1];
      return node === undefined ? 0 : hopTokensPerSec(node, endLayer - startLayer);
    });
    return sum + Math.min(...rates);
  }, 0);
}

test('[AL11] stages are even in what a token costs them while sessions run as one', () => {
  const gains = Array.from({length: 12}, (_, seed) => {
    const json = generatePool({seed, nodes: 24, mix: 'few-kinds', regions: 1, layerCount: 60});
    // On every second node a session more costs next to nothing, as on a GPU; on the others half of a step.
    const batched = parsePool({
      ...json,
      target: {alpha: 4},
      nodes: json.nodes.map(({decodeMsPerLayer, ...node}, at) => {
        const perSessionMs = decodeMsPerLayer * (at % 2 === 0 ? 0.05 : 0.5);
        return {
          ...node,
          decodeMsPerLayer: {fixedMs: decodeMsPerLayer - perSessionMs, perSessionMs},
        };
      }),
    });
    const alone = parsePool({...json, target: {alpha: 4}});
    const tokensPerSec = (pool: Pool) => busyTokensPerSec(batched, allocateLayers(pool));
    const gain = tokensPerSec(batched) / tokensPerSec(alone);
    expect(gain).toBeGreaterThanOrEqual(1);
    return gain;
  });
  expect(gains.reduce((sum, gain) => sum + gain, 0) / gains.length).toBeGreaterThan(1.1);
});
