import type {SwarmId} from '#shared/base/ids.ts';
import {allowsStandIns} from '#shared/protocol/swarm-kind.ts';
import type {LendRequest} from '../../ports/lend-service.ts';

/** What a program that drives a tab may ask of its lending, beyond what the page offers. */
export type LabLendRequest = LendRequest & {
  /** A stub takes this many times what it would: a slow tab. By default 1. */
  readonly stubSlowdown?: number;
  /** Frees answers that are silent for longer, in ms. By default, the node's own limit. */
  readonly sessionIdleMs?: number;
};

/**
 * A stand-in serves in a test swarm only; elsewhere a real engine takes its place, so that an
 * address with `engine=stub` in it, passed on by anybody, does nothing.
 */
export function withRealEngine(request: LabLendRequest, swarmId: SwarmId): LabLendRequest {
  if (request.engine !== 'stub' || allowsStandIns(swarmId)) return request;
  return {...request, engine: 'best'};
}

/** What a program may do to the engine of a tab: it ends as in a crash, or takes so many times as long. */
export type EngineFault =
  | {readonly kind: 'crash'}
  | {readonly kind: 'slow'; readonly factor: number};

/** What a lending tab is serving, and what it has refused. */
export type LendLoad = {
  readonly openSessions: number;
  /** Cache positions that open sessions have reserved. */
  readonly kvTokensReserved: number;
  readonly queuedSteps: number;
  /** How often, by code of the protocol. */
  readonly refusals: Readonly<Record<string, number>>;
};
