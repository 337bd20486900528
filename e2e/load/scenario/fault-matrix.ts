import {keyedUniform} from '#shared/session/keyed-uniform.ts';

/** Kinds that end what a tab holds of an answer. */
export const FATAL_FAULTS = ['close-tab', 'kill-tab', 'crash-engine'] as const;
export const STAGES = [0, 1, 2] as const;
/** 0 is while the prompt is computed. */
export const MOMENTS = [0, 1, 8, 30] as const;

/** Until long after an answer has found out, and before all links of a small swarm are cut. */
const CUT_MS = 8_000;

export type MatrixFault = {
  readonly kind: (typeof FATAL_FAULTS)[number] | 'cut-link';
  readonly target: `stage:${(typeof STAGES)[number]}`;
  readonly afterTokens?: number;
  readonly afterRecoveries?: number;
  readonly forMs?: number;
};

/** Faults of one request. */
export type MatrixCell = readonly MatrixFault[];

/** Every kind at every stage and moment, one fault per request. */
export function singleFaults(): readonly MatrixCell[] {
  return FATAL_FAULTS.flatMap((kind) =>
    STAGES.flatMap((stage) =>
      MOMENTS.map((afterTokens) => [{kind, target: `stage:${stage}`, afterTokens}] as const),
    ),
  );
}

/** The link after every stage, at these moments, one per request. */
export function cutFaults(moments: readonly number[]): readonly MatrixCell[] {
  return moments.flatMap((afterTokens) =>
    STAGES.map((stage) => {
      const target = `stage:${stage}` as const;
      return [{kind: 'cut-link', target, afterTokens, forMs: CUT_MS}] as const;
    }),
  );
}

/**
 * Every kind at every stage, and every moment, in as few answers as can be: each loses its head, its middle and its
 * tail. In the second, two end at the same moment; in the third, whoever takes over from the head ends, too.
 */
export function coveringFaults(): readonly MatrixCell[] {
  const takesOver = {kind: 'kill-tab', target: 'stage:0', afterRecoveries: 1} as const;
  return [
    [faultAt('close-tab', 0, 0), faultAt('kill-tab', 1, 1), faultAt('crash-engine', 2, 8)],
    [faultAt('kill-tab', 0, 8), faultAt('crash-engine', 1, 8), faultAt('close-tab', 2, 30)],
    [
      faultAt('crash-engine', 0, 1),
      takesOver,
      faultAt('close-tab', 1, 8),
      faultAt('kill-tab', 2, 30),
    ],
  ];
}

/** Two faults in different stages at the same moment. */
export function pairedFaults(): readonly MatrixCell[] {
  return [
    [faultAt('kill-tab', 0), faultAt('close-tab', 1)],
    [faultAt('close-tab', 1), faultAt('crash-engine', 2)],
    [faultAt('crash-engine', 0), faultAt('kill-tab', 2)],
  ];
}

/** The tab that takes over ends, too, as soon as it does. */
export function replacedFaults(): readonly MatrixCell[] {
  return STAGES.flatMap((stage) =>
    FATAL_FAULTS.map((kind) => [
      faultAt(kind, stage),
      {kind, target: `stage:${stage}`, afterRecoveries: 1} as const,
    ]),
  );
}

function faultAt(
  kind: MatrixFault['kind'],
  stage: (typeof STAGES)[number],
  afterTokens = 8,
): MatrixFault {
  return {kind, target: `stage:${stage}`, afterTokens};
}

/**
 * Fields of a scenario in which each cell happens to a request of its own, in an order that the seed gives, and
 * tabs that ended are replaced between requests.
 */
export function scenarioOfMatrix(
  cells: readonly MatrixCell[],
  {seed, requests}: {readonly seed: number; readonly requests: Readonly<Record<string, unknown>>},
): Readonly<Record<string, unknown>> {
  const order = cells
    .map((cell, at) => ({cell, place: keyedUniform({seed, position: at, tokenId: 0})}))
    .toSorted((a, b) => a.place - b.place)
    .map(({cell}) => cell);
  return {
    seed,
    replaceTabs: true,
    requests: {...requests, count: cells.length, arrival: 'sequential'},
    faults: order.flatMap((cell, request) => cell.map((fault) => ({...fault, request}))),
  };
}
