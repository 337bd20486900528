import type {Hop} from '#shared/protocol/control/open-session.ts';

/** A hop as it was chosen: by what it says of itself. */
export type EngineHop = Hop & {
  readonly engine: string;
  /** What one decode step of this hop is expected to take when nobody else is there. */
  readonly predictedMs: number;
  /** What each session that runs with it as one adds to that. */
  readonly addedMs: number;
  /** What this hop says of itself. */
  readonly statedMsPerLayer: number;
  /** The part of it that does not depend on the layers. */
  readonly hopOverheadMs: number;
};
