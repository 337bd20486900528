import type {LabLendRequest} from './lab-lend.ts';
import {LENT_KV_TOKENS} from '#shared/session/lent-kv-tokens.ts';
import {HOP_LIMITS, type HopLimits} from '#shared/session/serve-hop/hop-session/hop-context.ts';

/** The limits of one lending: experiments wait less for silent answers. */
export function limitsOf({sessionIdleMs = HOP_LIMITS.idleTimeoutMs}: LabLendRequest): HopLimits {
  return {...HOP_LIMITS, kvTokens: LENT_KV_TOKENS, idleTimeoutMs: sessionIdleMs};
}

/** Sessions that are silent are looked for this often. */
export const SWEEP_EVERY_MS = 5_000;
