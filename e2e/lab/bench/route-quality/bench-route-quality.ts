/// <reference types="node" />
import {parsePool, type Pool} from '#shared/lab/pools/pool-file.ts';
import {generatePool, type PoolMix} from '#shared/lab/pools/pool-generator.ts';
import type {Benchmark} from '../benchmark.ts';
import {lineOf} from '../bench-line.ts';
import {referencePools} from './reference-pools.ts';
import {routeFigures, type RouteFigures, type RouteQuestion} from './route-figures.ts';

const MIXES: readonly PoolMix[] = ['equal', 'few-kinds', 'all-different', 'many-weak'];
const REGIONS = [1, 4, 16];
/** Sessions per Parallax pipeline, then sessions in all. */
const LOADS: readonly RouteQuestion['sessions'][] = [
  {perPipeline: 1},
  {perPipeline: 2},
  {perPipeline: 4},
  500,
];

/** What is asked of each figure, averaged over pools (`busiest`: of every pool). */
const ASKED = {mean: 0.7, p95: 0.5, busiest: 1.15, staleMean: 1.1} as const;

/**
 * Routing with queueing against round robin over Parallax's pipelines, on the
 * reference pools and on generated ones; 20 clients with records 2 s old
 * against one that knows. Counts and ratios only: no time is measured.
 */
export const benchRouteQuality: Benchmark = ({seed, nodes, print, log}) => {
  const generated = (nodes ?? [8, 32, 128, 512]).flatMap((count) =>
    MIXES.flatMap((mix) =>
      REGIONS.map((regions) => {
        const layerCount = count % 64 === 0 ? 48 : 30;
        return parsePool(generatePool({seed, nodes: count, mix, regions, layerCount}));
      }),
    ),
  );
  for (const [world, pools] of [
    ['reference', [...referencePools().values()]],
    ['generated', generated],
  ] as const) {
    for (const sessions of LOADS) {
      const load =
        typeof sessions === 'number' ? `${sessions}` : `${sessions.perPipeline}/pipeline`;
      log(`Routing ${load} sessions over ${pools.length} ${world} pools`);
      printAverages(`route ${world}, ${load} sessions`, figuresOf(pools, {sessions, seed}), print);
    }
  }
  return Promise.resolve();
};

function figuresOf(
  pools: readonly Pool[],
  question: Pick<RouteQuestion, 'sessions' | 'seed'>,
): readonly RouteFigures[] {
  return pools.map((pool) => routeFigures(pool, {...question, staleClients: 20, staleMs: 2000}));
}

function printAverages(
  name: string,
  figures: readonly RouteFigures[],
  print: Parameters<Benchmark>[0]['print'],
): void {
  for (const key of ['mean', 'p95', 'leastMean', 'leastP95', 'busiest', 'staleMean'] as const) {
    const values = figures.map((figure) => figure[key]);
    const max = Math.max(...values);
    const average = values.reduce((sum, value) => sum + value, 0) / values.length;
    print({
      ...lineOf(`${name}: ${key}`, key === 'busiest' ? max : average, 'ratio'),
      ...(key === 'leastMean' || key === 'leastP95' ? {} : {floor: ASKED[key]}),
      n: values.length,
      min: Math.min(...values),
      max,
    });
  }
}
