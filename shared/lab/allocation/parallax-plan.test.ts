/// <reference types="node" />
import {readdirSync, readFileSync} from 'node:fs';
import * as z from 'zod';
import {expect, test} from 'vitest';
import {parsePool} from '../pools/pool-file.ts';
import {realAt} from '../../scheduling/table-access.ts';
import {planPool} from '../../scheduling/allocation/planner/allocate-layers.ts';
import {planningPoolOf, type PlanningPool} from '../../scheduling/allocation/planning-pool.ts';
import {byCapacity} from '../../scheduling/allocation/planner/parallax-greedy.ts';
import {parallaxDpPlan, parallaxGreedyPlan, parallaxPlan} from './parallax-plan.ts';
import {measuredView, type ParallaxView} from './parallax-view.ts';

const folder = new URL('../pools/reference/', import.meta.url);
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.parallax.json'))
  .map((name) => name.replace('.parallax.json', ''));

const variantSchema = z.object({rrPipelines: z.number(), rrMeanStepMs: z.number()});
const referenceSchema = z.object({
  pipelineCount: z.number(),
  meanStepMs: z.number(),
  bestKnownMeanStepMs: z.number(),
  variants: z.object({
    joinOrder: variantSchema,
    sorted: variantSchema,
    dpJoinOrder: z
      .object({allocatorPipelines: z.number(), allocatorMeanStepMs: z.number()})
      .optional(),
  }),
});

/** TFLOPS that Parallax was given, by memory bandwidth (GB/s), which distinguishes its cards in a pool. */
const TFLOPS: readonly (readonly [gbps: number, tflops: number])[] = [
  [2039, 312],
  [1935, 312],
  [1792, 104.8],
  [1008, 82.6],
  [900, 125],
  [760, 29.8],
  [504, 29.15],
  [360, 12.7],
  [320, 65],
  [300, 121],
];

/** MB per layer with the KV cache of batch 1, without it, and of one embedding matrix. */
const MODELS = new Map([
  [48, {stepMb: 684.7, layerMb: 550.5, endMb: 1557}],
  [64, {stepMb: 1109.4, layerMb: 975.2, endMb: 1557}],
]);

/** The pools of 30 layers do not say what TFLOPS Parallax was given: only counts can agree there. */
function viewOf(pool: PlanningPool): ParallaxView {
  const model = MODELS.get(pool.cellCount);
  if (model === undefined) return measuredView(pool);
  const gbpsOf = (node: number) => model.stepMb / realAt(pool.cellMs, node);
  return {
    power: (node) => TFLOPS.find(([gbps]) => Math.abs(gbps - gbpsOf(node)) < 4)?.[1] ?? 50,
    idleCellMs: (node) => model.layerMb / gbpsOf(node),
    endMs: (node) => model.endMb / gbpsOf(node),
  };
}

function read(name: string) {
  const pool = parsePool(readJson(`${name}.json`));
  return {...pool, reference: referenceSchema.parse(readJson(`${name}.parallax.json`))};
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
}

const meanMs = (each: readonly number[]) => each.reduce((sum, ms) => sum + ms, 0) / each.length;

test.each(names)(
  "[PX1] reproduces what Parallax's own code gives on %s, in both orders",
  (name) => {
    const {snapshot, model, joinOrder, reference} = read(name);
    const pool = planningPoolOf(snapshot, model);
    const {joinOrder: asJoined, sorted} = reference.variants;
    const isExact = MODELS.has(model.layerCount);
    // In one pool the pairing of five of 59 pipelines meets near ties that fall otherwise.
    const tolerance = name === 'hetero-128-16r-48l-814' ? 0.015 : 1e-5;
    for (const [order, {rrPipelines, rrMeanStepMs}] of [
      [joinOrder, asJoined],
      [byCapacity(pool, joinOrder), sorted],
    ] as const) {
      const {pipelines} = parallaxGreedyPlan(pool, order, viewOf(pool));
      expect(pipelines).toHaveLength(rrPipelines);
      const ratio = meanMs(pipelines.map(({stepMs}) => stepMs)) / rrMeanStepMs;
      expect(Math.abs(ratio - 1)).toBeLessThan(isExact ? tolerance : 0.2);
    }
    const better = parallaxPlan(pool, joinOrder, viewOf(pool)).pipelines;
    expect(better).toHaveLength(reference.pipelineCount);
  },
);

test("[PX2] reproduces what Parallax's DP gives, where its answer is known", () => {
  const known = names.filter((name) => read(name).reference.variants.dpJoinOrder !== undefined);
  expect(known).toEqual(['homog-6-4r-48l-0']);
  for (const name of known) {
    const {snapshot, model, joinOrder, reference} = read(name);
    const pool = planningPoolOf(snapshot, model);
    const {pipelines, events} = parallaxDpPlan(pool, joinOrder, viewOf(pool));
    const {dpJoinOrder} = reference.variants;
    expect(pipelines).toHaveLength(dpJoinOrder?.allocatorPipelines ?? 0);
    const mean = meanMs(pipelines.map(({stepMs}) => stepMs));
    expect(mean).toBeCloseTo(dpJoinOrder?.allocatorMeanStepMs ?? 0, 3);
    expect(events.map(({kind}) => kind)).not.toContain('dp-gave-up');
  }
});

// The figures that the design asks for; counts and ratios, so no machine is too slow.
test('[AL6] more and faster pipelines than Parallax, and nearly the best known ones', () => {
  const rows = names.map((name) => {
    const {snapshot, model, target, reference} = read(name);
    const {pipelines} = planPool(planningPoolOf(snapshot, model), target);
    const each = pipelines.map(({stepMs}) => stepMs);
    const fastest = each.slice(0, reference.pipelineCount);
    return {
      isFlat: name.includes('flat'),
      count: each.length / reference.pipelineCount,
      mean: meanMs(each) / reference.meanStepMs,
      fastest: meanMs(fastest) / reference.bestKnownMeanStepMs,
    };
  });
  expect(Math.min(...rows.map(({count}) => count))).toBeGreaterThanOrEqual(1);
  expect(meanMs(rows.map(({count}) => count))).toBeGreaterThanOrEqual(1.07);
  expect(meanMs(rows.map(({fastest}) => fastest))).toBeLessThan(1.065);
  expect(Math.max(...rows.map(({fastest}) => fastest))).toBeLessThan(1.17);
  expect(meanMs(rows.filter(({isFlat}) => isFlat).map(({mean}) => mean))).toBeLessThan(0.61);
  expect(meanMs(rows.filter(({isFlat}) => !isFlat).map(({mean}) => mean))).toBeLessThan(0.56);
});
