import type {RouteResult} from '../../scheduling/routing/chain.ts';
import {selectChain, type RouteInput} from '../../scheduling/routing/select/select-chain.ts';
import {paperDag} from './paper-dag.ts';
import {randomPipeline} from './random-pipeline.ts';
import {roundRobin} from './round-robin.ts';

/** One way to choose a chain: all take the same question and give the same kind of answer. */
export type RoutingHeuristic = (input: RouteInput) => RouteResult;

/** Every way to route, by the name under which benchmarks and `npm run route` know it. */
export const ROUTING_HEURISTICS = {
  weft: selectChain,
  'paper-dag': paperDag,
  'round-robin': roundRobin,
  random: randomPipeline,
} as const satisfies Readonly<Record<string, RoutingHeuristic>>;

export type RoutingHeuristicName = keyof typeof ROUTING_HEURISTICS;
