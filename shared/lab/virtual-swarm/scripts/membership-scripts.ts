import {seededRandom, type NextRandom} from '#shared/scheduling/seeded-choice.ts';
import {drawNode, drawStarts, ORDINARY_NODE, type NodeDraw} from './draw-node.ts';
import {swarmScript, type Churn, type SwarmScript} from '../swarm-script.ts';

type Crowd = {
  readonly seed: number;
  readonly nodes: number;
  readonly draw?: Partial<NodeDraw>;
  readonly durationMs: number;
  readonly churn?: Churn;
} & Partial<Pick<SwarmScript, 'grid' | 'directory'>>;

/** Nobody serves anything, and within a second all of them are there. */
export function joinStorm({seed, nodes, draw, durationMs, ...rest}: Crowd): SwarmScript {
  const kind = {...ORDINARY_NODE, ...draw};
  return swarmScript({
    grid: {layerCount: 30, cutEvery: 5},
    seed,
    durationMs,
    nodes: drawStarts(kind, {count: nodes, joinWithinMs: 1000}, seededRandom(seed + 1)),
    directory: {minDelayMs: 0, maxDelayMs: 2000, lossRate: 0.1},
    ...rest,
  });
}

/** As `joinStorm`; then tabs come and go. */
export function comingAndGoing(crowd: Crowd & {readonly meanLifeMs: number}): SwarmScript {
  const {meanLifeMs, draw} = crowd;
  const kind = {...ORDINARY_NODE, ...draw};
  const newcomer = (number: number, random: NextRandom) => drawNode(kind, number, random);
  return joinStorm({...crowd, churn: {meanLifeMs, newcomer, noticedRate: 0.5}});
}
