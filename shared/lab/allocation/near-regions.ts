import {intAt, realAt} from '../../scheduling/table-access.ts';
import type {PlanningPool} from '../../scheduling/allocation/planning-pool.ts';

/** Nodes with round trips below this count as one region. */
const REGION_RTT_MS = 25;

/**
 * Regions as a person would draw them: nodes belong together when a way of
 * short links joins them (single linkage). Positions of their nodes, ascending.
 * O(N²). The paper takes regions as given; records do not state any.
 */
export function nearRegions({count, oneWayMs}: PlanningPool): readonly (readonly number[])[] {
  const regionOf = new Int32Array(count).fill(-1);
  const regions: number[][] = [];
  for (let seed = 0; seed < count; seed += 1) {
    if (intAt(regionOf, seed) >= 0) continue;
    const region = [seed];
    regionOf[seed] = regions.length;
    for (const node of region) {
      for (let other = 0; other < count; other += 1) {
        if (intAt(regionOf, other) >= 0) continue;
        if (2 * realAt(oneWayMs, node * count + other) > REGION_RTT_MS) continue;
        regionOf[other] = regions.length;
        region.push(other);
      }
    }
    regions.push(region.toSorted((a, b) => a - b));
  }
  return regions;
}
