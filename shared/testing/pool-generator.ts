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

const WORLD_MS = 160;

/** A pool file made from a seed: coordinates instead of a table, regions as clouds of nodes. */
export function generatePool({seed, nodes, mix, regions, layerCount}: PoolRecipe) {
  const random = seededRandom(seed);
  const isFlat = regions === 1;
  const centres = Array.from({length: regions}, () => [random() * WORLD_MS, random() * WORLD_MS]);
  return {
    model: {layerCount, cutEvery: 1},
    target: {alpha: 2},
    nodes: Array.from({length: nodes}, (_, k) => {
      const region = Math.floor(random() * regions);
      const [x = 0, y = 0] = centres[region] ?? [];
      const spread = isFlat ? WORLD_MS : 12;
      const from = isFlat ? [0, 0] : [x, y];
      return {
        id: `n${String(k).padStart(4, '0')}`,
        ...kindOf(mix, layerCount, random),
        hopOverheadMs: 0.3,
        maxSessions: 8,
        region: String(region),
        coords: from.map((at) => at + random() * spread),
      };
    }),
  };
}

function kindOf(mix: PoolMix, layerCount: number, random: NextRandom) {
  const strength = strengthOf(mix, random);
  const plain = Math.max(1, Math.floor(layerCount * strength));
  const loss = 1 + Math.floor(layerCount / 24);
  const first = Math.max(0, plain - loss);
  const kind = mix === 'equal' ? 0.5 : mix === 'few-kinds' ? strength : random();
  return {
    capacityLayers: {plain, first, last: first, both: Math.max(0, plain - 2 * loss)},
    decodeMsPerLayer: Math.round((0.3 + 1.6 * kind) * 1e5) / 1e5,
  };
}

/** The part of the model that fits a node. */
function strengthOf(mix: PoolMix, random: NextRandom): number {
  switch (mix) {
    case 'equal':
      return 0.7;
    case 'few-kinds':
      return [0.27, 0.45, 0.62, 1.1][Math.floor(random() * 4)] ?? 0.45;
    case 'all-different':
      return 0.1 + random() * 0.8;
    case 'many-weak':
      return random() < 0.8 ? 0.08 + random() * 0.17 : 0.5 + random() * 0.5;
    default:
      return mix;
  }
}
