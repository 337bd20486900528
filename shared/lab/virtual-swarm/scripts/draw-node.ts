import type {NextRandom} from '#shared/scheduling/seeded-choice.ts';
import type {Lie, VirtualNodeFacts} from '../swarm-script.ts';

export type NodeDraw = {
  /** Layers that fit in the middle: drawn evenly between these. */
  readonly capacityLayers: readonly [least: number, most: number];
  /** One decode step of one layer for one session, beside what the session adds: drawn evenly. */
  readonly decodeMs: readonly [least: number, most: number];
  /** The part of nodes that lie, each in one of the ways. */
  readonly liarRate: number;
  readonly maxSkewMs: number;
  readonly maxSessions: number;
  /** Nodes are in clusters around this many places; 1 is one flat world. */
  readonly regions: number;
};

export const ORDINARY_NODE: NodeDraw = {
  capacityLayers: [8, 16],
  decodeMs: [0.3, 2.3],
  liarRate: 0,
  maxSkewMs: 0,
  maxSessions: 8,
  regions: 1,
};

const LIES: readonly Lie[] = ['impossible', 'fast', 'idle'];
const WORLD_MS = 160;
const CLOUD_MS = 12;

/** A tab as one may join: memory, speed, place and honesty by chance. */
export function drawNode(draw: NodeDraw, number: number, random: NextRandom): VirtualNodeFacts {
  const [least, most] = draw.capacityLayers;
  const [fastest, slowest] = draw.decodeMs;
  const plain = least + Math.floor(random() * (most - least + 1));
  const decodeMs = fastest + random() * (slowest - fastest);
  const lie = random() < draw.liarRate ? LIES[Math.floor(random() * LIES.length)] : null;
  return {
    id: `node-${String(number).padStart(5, '0')}`,
    cost: {
      decodeMsPerLayer: {fixedMs: decodeMs, perSessionMs: 0.05},
      prefillMsPerTokenLayer: decodeMs / 20,
      hopOverheadMs: 0.3,
    },
    capacityLayers: {plain, first: plain - 1, last: plain - 1, both: Math.max(0, plain - 2)},
    coords: {at: placeOf(draw.regions, random), heightMs: 1, errorMs: 1},
    maxSessions: draw.maxSessions,
    kvTokens: 8192,
    clockSkewMs: Math.floor((2 * random() - 1) * draw.maxSkewMs),
    lie: lie ?? null,
  };
}

function placeOf(regions: number, random: NextRandom): readonly number[] {
  if (regions === 1) return [random() * WORLD_MS, random() * WORLD_MS];
  const region = Math.floor(random() * regions);
  // Centres on a spiral: apart from each other, and the same in every swarm.
  const around = (region * 2.4) % (2 * Math.PI);
  const outMs = (WORLD_MS / 2) * Math.sqrt((region + 0.5) / regions);
  return [
    WORLD_MS / 2 + outMs * Math.cos(around) + (random() - 0.5) * CLOUD_MS,
    WORLD_MS / 2 + outMs * Math.sin(around) + (random() - 0.5) * CLOUD_MS,
  ];
}

/** The nodes of a script that are there from the start, joining evenly over a while. */
export function drawStarts(
  draw: NodeDraw,
  {count, joinWithinMs}: {readonly count: number; readonly joinWithinMs: number},
  random: NextRandom,
) {
  return Array.from({length: count}, (_, number) => ({
    facts: drawNode(draw, number, random),
    joinsMs: random() * joinWithinMs,
    shard: null,
  }));
}
