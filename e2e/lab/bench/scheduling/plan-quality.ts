/// <reference types="node" />
import {seededRandom} from '#shared/scheduling/seeded-choice.ts';
import {LIVE_TARGET} from '#shared/scheduling/allocation/allocation-target.ts';
import {planPool} from '#shared/scheduling/allocation/planner/allocate-layers.ts';
import {parallaxPlan} from '#shared/lab/allocation/parallax-plan.ts';
import type {Plan} from '#shared/scheduling/allocation/plan.ts';
import {planningPoolOf} from '#shared/scheduling/allocation/planning-pool.ts';
import {parsePool, type Pool} from '#shared/lab/pools/pool-file.ts';
import {generatePool, type PoolMix} from '#shared/lab/pools/pool-generator.ts';
import {spreadOf, type BenchLine} from '../bench-line.ts';
import type {Benchmark} from '../benchmark.ts';

const MIXES: readonly PoolMix[] = ['equal', 'few-kinds', 'all-different', 'many-weak'];
const REGIONS: readonly number[] = [1, 4, 16];
const NODE_COUNTS: readonly number[] = [8, 32, 128, 512];
/** As in the reference pools: where one node holds the whole model there is nothing to gain. */
const LAYER_COUNTS = {tabs: 30, cards: [48, 64]} as const;
/** From fast pipelines only to as many as capacity allows; the last is that of tabs. */
const ALPHAS: readonly number[] = [0, 1, 2, LIVE_TARGET.alpha];
/** What is asked with `alpha` 2, averaged over pools. */
const ASKED = {pipelines: 1.07, regions: 0.56, flat: 0.61} as const;

type World = {readonly mix: PoolMix; readonly isFlat: boolean; readonly pool: Pool};
type Figures = World & {readonly pipelines: number; readonly meanStep: number};

/**
 * Our plans against those that Parallax's own code would make: how many
 * pipelines, and the mean step time over all of them, on pools made from the
 * seed (rule AL6 says it of the reference pools). With `alpha` 0, 1, 2 and 3,
 * because more pipelines and faster ones are bought with each other. Ratios
 * only, no times.
 */
export const benchPlanQuality: Benchmark = ({seed, nodes, print, log}) => {
  const worlds = generatedWorlds(seed, nodes ?? NODE_COUNTS);
  log(`plan-quality: ${String(worlds.length)} pools`);
  const compared = worlds.map((world) => compare(world));
  for (const [at, alpha] of ALPHAS.entries()) {
    const figures = compared.flatMap((byAlpha) => byAlpha[at] ?? []);
    printFigures(`plan-quality alpha ${String(alpha)}`, figures, print);
  }
  return Promise.resolve();
};

function generatedWorlds(seed: number, nodeCounts: readonly number[]): readonly World[] {
  const random = seededRandom(seed);
  const draw = () => Math.floor(random() * 2 ** 31);
  return nodeCounts.flatMap((count) =>
    MIXES.flatMap((mix) =>
      REGIONS.map((regions) => {
        const cardLayers = LAYER_COUNTS.cards[draw() % 2] ?? LAYER_COUNTS.cards[0];
        const layerCount = mix === 'many-weak' ? LAYER_COUNTS.tabs : cardLayers;
        const pool = generatePool({seed: draw(), nodes: count, mix, regions, layerCount});
        return {mix, isFlat: regions === 1, pool: parsePool(pool)};
      }),
    ),
  );
}

/** One figure for each `alpha`; none for a pool in which Parallax forms no pipeline. */
function compare(world: World): readonly Figures[] {
  const {snapshot, model, joinOrder} = world.pool;
  const index = planningPoolOf(snapshot, model);
  const theirs = parallaxPlan(index, joinOrder);
  if (theirs.pipelines.length === 0) return [];
  return ALPHAS.map((alpha) => {
    const ours = planPool(index, {alpha});
    return {
      ...world,
      pipelines: ours.pipelines.length / theirs.pipelines.length,
      meanStep: meanStepMs(ours) / meanStepMs(theirs),
    };
  });
}

function meanStepMs({pipelines}: Plan): number {
  return pipelines.reduce((sum, {stepMs}) => sum + stepMs, 0) / pipelines.length;
}

function printFigures(
  name: string,
  figures: readonly Figures[],
  print: (line: BenchLine) => void,
): void {
  const line = (what: string, values: readonly number[], floor?: number): void => {
    print({
      name: `${name}: ${what}`,
      value: values.reduce((sum, value) => sum + value, 0) / values.length,
      unit: 'ratio',
      ...(floor !== undefined && {floor}),
      ...spreadOf(values),
    });
  };
  const stepsOf = (isWanted: (figure: Figures) => boolean) =>
    figures.filter(isWanted).map(({meanStep}) => meanStep);
  line(
    'pipelines',
    figures.map(({pipelines}) => pipelines),
    ASKED.pipelines,
  );
  line(
    'mean step, regions',
    stepsOf(({isFlat}) => !isFlat),
    ASKED.regions,
  );
  line(
    'mean step, flat',
    stepsOf(({isFlat}) => isFlat),
    ASKED.flat,
  );
  for (const mix of MIXES) {
    line(
      `mean step, ${mix}`,
      stepsOf((figure) => figure.mix === mix),
    );
  }
}
