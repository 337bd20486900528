import type {LabLendRequest} from './lab-lend.ts';
import {HOP_LIMITS, type HopLimits} from '#shared/session/serve-hop/hop-session/hop-context.ts';

/** Cache positions that a lending tab promises, over all sessions and for each of its layers. */
export const KV_TOKENS = 8_192;

/** The limits of one lending: experiments wait less for silent answers. */
export function limitsOf({sessionIdleMs = HOP_LIMITS.idleTimeoutMs}: LabLendRequest): HopLimits {
  return {...HOP_LIMITS, kvTokens: KV_TOKENS, idleTimeoutMs: sessionIdleMs};
}

/** Sessions that are silent are looked for this often. */
export const SWEEP_EVERY_MS = 5_000;
