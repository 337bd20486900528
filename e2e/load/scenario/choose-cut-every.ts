import type {Scenario} from './scenario.ts';

/** Session calls cost nothing measurable from here on. */
const LARGEST_CUT = 5;

/**
 * The cut grid of a model that no catalogue describes: as coarse as is useful,
 * and fine enough for every tab of the scenario to be filled. In layers, no
 * more than the model has.
 */
export function chooseCutEvery({tabs}: Pick<Scenario, 'tabs'>, layerCount: number): number {
  // A tab that holds the whole model is filled by any cut.
  const limits = tabs
    .flatMap(({maxLayers}) => maxLayers ?? [])
    .filter((maxLayers) => maxLayers < layerCount);
  for (let cutEvery = Math.min(LARGEST_CUT, layerCount); cutEvery > 1; cutEvery -= 1) {
    if (limits.every((maxLayers) => maxLayers % cutEvery === 0)) return cutEvery;
  }
  return 1;
}
