import type {Check} from '#shared/lab/virtual-swarm/checks.ts';

export type SoakContext = {
  readonly seed: number;
  /** Of a run that lasts by the clock, when the caller asks for another length than the usual one. */
  readonly minutes: number | null;
  /** Of a run over many things, only those whose names contain one of these. */
  readonly only: readonly string[];
  /** A folder for whatever else the run writes. */
  readonly reportDir: string;
};

export function isAmong(name: string, only: SoakContext['only']): boolean {
  return only.some((part) => name.includes(part));
}

/** What a long run asserted, and figures for who reads its report. */
export type SoakResult = {
  readonly checks: readonly Check[];
  readonly figures: Readonly<Record<string, unknown>>;
};

/** One long run. A check that does not hold is a result; only what cannot go on throws. */
export type Soak = (
  context: SoakContext,
  options: {readonly signal: AbortSignal},
) => Promise<SoakResult>;
