import type {Scenario} from './scenario.ts';

/** Session calls cost nothing measurable from here on. */
const LARGEST_CUT = 5;

/**
 * The cut grid of a model that no catalogue describes: as coarse as is useful,
 * and fine enough for every tab of the scenario to be filled. In layers.
 */
export function chooseCutEvery({tabs}: Pick<Scenario, 'tabs'>): number {
  const limits = tabs.flatMap(({maxLayers}) => maxLayers ?? []);
  for (let cutEvery = LARGEST_CUT; cutEvery > 1; cutEvery -= 1) {
    if (limits.every((maxLayers) => maxLayers % cutEvery === 0)) return cutEvery;
  }
  return 1;
}
