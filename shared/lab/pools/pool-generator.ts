import {seededRandom, type NextRandom} from '#shared/scheduling/seeded-choice.ts';

export type PoolMix = 'equal' | 'few-kinds' | 'all-different' | 'many-weak';

export type PoolRecipe = {
  readonly seed: number;
  readonly nodes: number;
  readonly mix: PoolMix;
  /** 1 is a flat world. */
  readonly regions: number;
  readonly layerCount: number;
};

/** A device as its maker states it: budget for weights follows from memory, decode time from bandwidth. */
type Device = {readonly memoryGib: number; readonly gbPerSec: number};

/** MB of one layer, of what one decode step of it reads (KV cache included), and of one embedding. */
type ModelBytes = {readonly layerMb: number; readonly stepMb: number; readonly endMb: number};

/** Graphics cards, the four strongest first. */
const CARDS: readonly Device[] = [
  {memoryGib: 80, gbPerSec: 2039},
  {memoryGib: 40, gbPerSec: 1935},
  {memoryGib: 32, gbPerSec: 1792},
  {memoryGib: 24, gbPerSec: 1008},
  {memoryGib: 32, gbPerSec: 900},
  {memoryGib: 24, gbPerSec: 300},
  {memoryGib: 16, gbPerSec: 320},
  {memoryGib: 12, gbPerSec: 504},
  {memoryGib: 12, gbPerSec: 360},
  {memoryGib: 10, gbPerSec: 760},
];
const EQUAL_CARD = 2;
const FEW_KINDS = 4;

/** What a tab lends, by device. */
const TAB_MEMORY_GIB: readonly number[] = [0.5, 0.75, 1, 1.5, 2];
const TAB_GB_PER_SEC = {least: 10, most: 100};

const TAB_MODEL: ModelBytes = {layerMb: 31.5, stepMb: 41.4, endMb: 311.2};
/** Models of about 14 and 32 billion parameters. */
const CARD_MODEL: ModelBytes = {layerMb: 550.5, stepMb: 684.7, endMb: 1557};
const LARGE_CARD_MODEL: ModelBytes = {layerMb: 975.2, stepMb: 1109.4, endMb: 1557};
const LARGE_LAYER_COUNT = 56;

/** The part of a device's memory that holds weights, as Parallax sets it. */
const WEIGHT_SHARE = 0.65;
const MB_PER_GIB = 1073.741824;

/** Round trips: 2 ms, and the distance in a square of this side. */
const WORLD_MS = 150;
const ACCESS_MS = 1;
/** Standard deviation of the nodes of a region, on each axis. */
const REGION_SPREAD_MS = 4;
const HOP_OVERHEADS_MS: readonly number[] = [0, 0.3, 1];

/**
 * A pool file made from a seed, distributed as the reference pools are
 * (`equal` as "homog" there, `few-kinds` as "gpu4", `all-different` as "hetero",
 * `many-weak` as "browser"): the same devices, models and capacities as
 * Parallax's own formulas give them, one hop overhead for all, nodes spread
 * evenly over a square or gathered around the centres of regions. Coordinates
 * instead of a table of round trips.
 */
export function generatePool({seed, nodes, mix, regions, layerCount}: PoolRecipe) {
  const random = seededRandom(seed);
  const centres = Array.from({length: regions}, () => anywhere(random));
  const hopOverheadMs = pickOne(HOP_OVERHEADS_MS, random);
  const bytes = bytesOf(mix, layerCount);
  return {
    model: {layerCount, cutEvery: 1},
    target: {alpha: 2},
    nodes: Array.from({length: nodes}, (_, k) => {
      const region = Math.floor(random() * regions);
      const centre = centres[region] ?? [];
      return {
        id: `n${String(k).padStart(4, '0')}`,
        ...kindOf(deviceOf(mix, random), bytes),
        hopOverheadMs,
        maxSessions: 8,
        region: String(region),
        coords:
          regions === 1
            ? anywhere(random)
            : centre.map((at) => at + REGION_SPREAD_MS * aboutNormal(random)),
        heightMs: ACCESS_MS,
      };
    }),
  };
}

function anywhere(random: NextRandom): readonly number[] {
  return [random() * WORLD_MS, random() * WORLD_MS];
}

/** Standard normal, as a sum of twelve: no `log`, so equal everywhere. */
function aboutNormal(random: NextRandom): number {
  let sum = -6;
  for (let k = 0; k < 12; k += 1) sum += random();
  return sum;
}

function pickOne<T>(choices: readonly T[], random: NextRandom): T {
  const picked = choices[Math.floor(random() * choices.length)];
  if (picked === undefined) throw new Error('Broken invariant: nothing to choose from');
  return picked;
}

function bytesOf(mix: PoolMix, layerCount: number): ModelBytes {
  if (mix === 'many-weak') return TAB_MODEL;
  return layerCount < LARGE_LAYER_COUNT ? CARD_MODEL : LARGE_CARD_MODEL;
}

function deviceOf(mix: PoolMix, random: NextRandom): Device {
  switch (mix) {
    case 'equal':
      return pickOne(CARDS.slice(EQUAL_CARD, EQUAL_CARD + 1), random);
    case 'few-kinds':
      return pickOne(CARDS.slice(0, FEW_KINDS), random);
    case 'all-different':
      return pickOne(CARDS, random);
    case 'many-weak': {
      const {least, most} = TAB_GB_PER_SEC;
      return {
        memoryGib: pickOne(TAB_MEMORY_GIB, random),
        gbPerSec: least + random() * (most - least),
      };
    }
    default:
      return mix;
  }
}

function kindOf({memoryGib, gbPerSec}: Device, {layerMb, stepMb, endMb}: ModelBytes) {
  const weightsMb = memoryGib * MB_PER_GIB * WEIGHT_SHARE;
  const fitting = (ends: number) => Math.max(0, Math.floor((weightsMb - ends * endMb) / layerMb));
  return {
    capacityLayers: {plain: fitting(0), first: fitting(1), last: fitting(1), both: fitting(2)},
    decodeMsPerLayer: Math.round((stepMb / gbPerSec) * 1e5) / 1e5,
  };
}
