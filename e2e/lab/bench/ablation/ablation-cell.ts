import type {AnswersSummary} from '#shared/lab/virtual-swarm/report/summarise-answers.ts';

/** Where the nodes of a world are. */
export const GEOGRAPHIES = ['flat', 'city', '4-regions', '16-regions'] as const;
export type Geography = (typeof GEOGRAPHIES)[number];

export const ARRIVALS = ['poisson', 'bursty'] as const;
export type Arrival = (typeof ARRIVALS)[number];

export const CHURNS = ['calm', 'churn'] as const;
export type ChurnName = (typeof CHURNS)[number];

/** One world in which all pairs of planner and router are tried. */
export type AblationCell = {
  readonly nodes: number;
  readonly geography: Geography;
  readonly arrival: Arrival;
  readonly churn: ChurnName;
  readonly seed: number;
};

/** Of `ALLOCATION_HEURISTICS`: ours, the paper's, what Parallax's code makes of it, and none. */
export const PLANNERS = ['weft', 'paper-regions', 'parallax', 'in-turn'] as const;
export type PlannerName = (typeof PLANNERS)[number];

/** Of `ROUTING_HEURISTICS`: ours, the paper's, and going round. */
export const ROUTERS = ['weft', 'paper-dag', 'round-robin'] as const;
export type RouterName = (typeof ROUTERS)[number];

/** What one pair of planner and router made of one world. */
export type AblationRow = AblationCell &
  Pick<AnswersSummary, 'stepMs' | 'firstTokenMs' | 'refusals' | 'recoveries'> & {
    readonly planner: PlannerName;
    readonly router: RouterName;
    /** Complete pipelines of the plan at the start. */
    readonly pipelines: number;
    readonly asked: number;
    readonly answered: number;
    /** Tokens of all answers, per second from the first question to the last answer. */
    readonly tokensPerSec: number;
    readonly coveredShare: number;
    readonly reloadedLayers: number;
  };

/** Sizes up to which every world is tried; larger ones only in some, or it would take hours. */
const ALL_WORLDS_UP_TO = 128;
const ALL_GEOGRAPHIES_UP_TO = 512;

/** The worlds of a run: geographies × arrivals × churn for each size, fewer for the largest. */
export function ablationCells(sizes: readonly number[], seed: number): readonly AblationCell[] {
  return sizes.flatMap((nodes) =>
    GEOGRAPHIES.flatMap((geography) =>
      ARRIVALS.flatMap((arrival) =>
        CHURNS.map((churn) => ({nodes, geography, arrival, churn, seed})),
      ),
    ).filter(isTried),
  );
}

function isTried({nodes, geography, arrival, churn}: AblationCell): boolean {
  if (nodes <= ALL_WORLDS_UP_TO) return true;
  const isPlain = arrival === 'poisson' && churn === 'calm';
  return isPlain && (nodes <= ALL_GEOGRAPHIES_UP_TO || geography === '4-regions');
}
