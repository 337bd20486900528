import type {LabLendRequest} from './lab-lend.ts';
import {HOP_LIMITS, type HopLimits} from '#shared/session/serve-hop/hop-session/hop-context.ts';

/** Cache positions that a lending tab promises, over all sessions and for each of its layers. */
export const KV_TOKENS = 8_192;

/** The limits of one lending: experiments wait less for silent answers. */
export function limitsOf({sessionIdleMs = HOP_LIMITS.idleTimeoutMs}: LabLendRequest): HopLimits {
  return {...HOP_LIMITS, idleTimeoutMs: sessionIdleMs};
}

/** Between the first record of a tab and its first claim: others who join at once are seen by then. */
export const LOOK_AROUND_MS = 2_000;

/** Sessions that are silent are looked for this often. */
export const SWEEP_EVERY_MS = 5_000;

/** How long a tab that leaves waits for the answers that run in it: longer than most of them take. */
export const DRAIN_MS = 30_000;
