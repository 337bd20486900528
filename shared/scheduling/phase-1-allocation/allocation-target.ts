/**
 * What a plan is for. `alpha` as in the paper: 0 the least step time, 2
 * (default) many pipelines, each as fast as can be, 4 and above the most
 * tokens a second of the whole swarm.
 */
export type AllocationTarget = {readonly alpha: number};

export const DEFAULT_TARGET: AllocationTarget = {alpha: 2};
