/**
 * What a plan is for. `alpha` as in the paper: 0 the least step time, 2 many
 * pipelines, each as fast as can be while it is alone, 4 and above the most
 * tokens a second of the whole swarm.
 */
export type AllocationTarget = {readonly alpha: number};

/** Of a pool file that names none. */
export const DEFAULT_TARGET: AllocationTarget = {alpha: 2};

/**
 * Of tabs that serve: several people ask at once, so stages are nearly even. Against 2, an answer
 * that is alone takes 0.2 % longer, answers at four per pipeline 1.5 % less (24 generated pools of
 * 8 to 64 nodes).
 */
export const LIVE_TARGET: AllocationTarget = {alpha: 3};

/** Even where only the step time counts, stages of (nearly) one speed share their layers evenly. */
const EVEN_SHARE = 0.003;

/** How far stages are evened out, from fastest first (0) to the least bottleneck (1): see `fillCells`. */
export function throughputShareOf({alpha}: AllocationTarget): number {
  return Math.min(1, Math.max(EVEN_SHARE, (alpha - 2) / 2));
}
