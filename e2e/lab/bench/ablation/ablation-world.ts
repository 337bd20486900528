import {parsePool, type Pool} from '#shared/lab/pools/pool-file.ts';
import {generatePool} from '#shared/lab/pools/pool-generator.ts';
import type {AblationCell, Geography} from './ablation-cell.ts';

const LAYERS = 30;
/** A city is the flat world, so many times smaller. */
const CITY_SHRINK = 13;

const REGIONS: Readonly<Record<Geography, number>> = {
  flat: 1,
  city: 1,
  '4-regions': 4,
  '16-regions': 16,
};

/** Tabs of all strengths, most of them weak, in one of the four geographies. */
export function ablationWorld({nodes, geography, seed}: AblationCell): Pool {
  const pool = generatePool({
    seed,
    nodes,
    mix: 'many-weak',
    regions: REGIONS[geography],
    layerCount: LAYERS,
  });
  if (geography !== 'city') return parsePool(pool);
  return parsePool({
    ...pool,
    nodes: pool.nodes.map((node) => ({
      ...node,
      coords: node.coords.map((at) => at / CITY_SHRINK),
    })),
  });
}
