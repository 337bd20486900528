import type {CutGrid} from '#shared/model/cut-grid.ts';
import {shardOf} from '#shared/scheduling/allocation/fitting-range.ts';
import {seededRandom, type NextRandom} from '#shared/scheduling/seeded-choice.ts';
import {drawNode, ORDINARY_NODE} from './draw-node.ts';
import {steadyRequests} from './steady-requests.ts';
import {swarmScript, type AnswerFault, type NodeStart, type SwarmScript} from '../swarm-script.ts';

const GRID: CutGrid = {layerCount: 30, cutEvery: 5};
const KINDS: readonly AnswerFault['kind'][] = [
  'close-tab',
  'kill-tab',
  'crash-engine',
  'cut-link',
  'freeze-tab',
];
/** Before the first token, and after so many. */
const MOMENTS = [0, 1, 8, 30];
/** Every layer of the chain may be hit. */
const MOST_STAGES = 6;
const FIRST_MS = 5_000;
const PER_SEC = 2;
/** The longest freeze, and the answer after it. */
const QUIET_MS = 150_000;

/**
 * A swarm in which every answer loses a hop, in each way and at each moment: one third of them one, one third two
 * at once, and one third another one a token later, most likely the replacement.
 */
export function brokenChains({
  seed,
  nodes,
  requests,
}: {
  readonly seed: number;
  readonly nodes: number;
  readonly requests: number;
}): SwarmScript {
  const random = seededRandom(seed);
  const starts = Array.from({length: nodes}, (_, number) => drawServing(number, random));
  const asked = steadyRequests(
    {
      count: requests,
      clients: 6,
      perSec: PER_SEC,
      fromMs: FIRST_MS,
      promptTokens: 90,
      newTokens: 40,
    },
    random,
  );
  return swarmScript({
    grid: GRID,
    seed,
    nodes: starts,
    placement: {kind: 'fixed'},
    directory: {minDelayMs: 0, maxDelayMs: 2_000, lossRate: 0.1},
    durationMs: (asked.at(-1)?.atMs ?? 0) + QUIET_MS,
    requests: asked.map((request, number) => ({
      ...request,
      sampling: {temperature: number % 2 === 0 ? 0 : 0.8, seed: number},
    })),
    faults: asked.flatMap((_, request) => drawFaults(request, random)),
  });
}

/** A tab that has served a range of its size since the start, anywhere in the model. */
function drawServing(number: number, random: NextRandom): NodeStart {
  const facts = drawNode(ORDINARY_NODE, number, random);
  const {layerCount, cutEvery} = GRID;
  const cells = Math.max(1, Math.floor(facts.capacityLayers.both / cutEvery));
  const first = Math.floor(random() * (layerCount / cutEvery - cells + 1));
  const startLayer = first * cutEvery;
  return {facts, joinsMs: 0, shard: shardOf(GRID, startLayer, startLayer + cells * cutEvery)};
}

function drawFaults(request: number, random: NextRandom): readonly AnswerFault[] {
  const draw = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  const kind = () => draw(KINDS) ?? 'close-tab';
  const afterTokens = draw(MOMENTS) ?? 0;
  const stage = Math.floor(random() * MOST_STAGES);
  const one = {kind: kind(), request, afterTokens, stage};
  if (request % 3 === 0) return [one];
  if (request % 3 === 1) return [one, {...one, kind: kind(), stage: stage + 1}];
  return [one, {...one, kind: kind(), afterTokens: afterTokens + 1}];
}
