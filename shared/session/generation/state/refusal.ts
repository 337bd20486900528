import type {PeerId} from '#shared/base/ids.ts';
import type {AvoidedWhy} from '#shared/scheduling/routing/chain.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';

/** Why a chain does not, or no longer, serve an answer. */
export type Refusal = {
  readonly code: RefusalCode;
  /** The hop that is to blame; `null` when nobody in particular is. */
  readonly peerId: PeerId | null;
  /** Whose message says so; absent when the client saw it itself. */
  readonly reportedBy?: PeerId;
  /** Where it is not certain: the hops that may be to blame in place of that one. */
  readonly orElse?: readonly PeerId[];
  /** The peer has published since: it is there, and only this client cannot reach it. */
  readonly hasPublished?: true;
  /** What the driver saw, for the error that it shows. */
  readonly cause?: unknown;
};

const FULL: ReadonlySet<RefusalCode> = new Set(['SESSIONS_FULL', 'KV_FULL', 'QUEUE_FULL']);

/** Whether the refusal passes as other answers end. */
export function isFull({code}: Refusal): boolean {
  return FULL.has(code);
}

const GONE: ReadonlySet<RefusalCode> = new Set([
  'PEER_LEFT',
  'PEER_UNREACHABLE',
  'ONLY_RELAYED_PATH',
]);

/** Whether the peer is closed or out of reach. */
export function isGone({code}: Refusal): boolean {
  return GONE.has(code);
}

/**
 * Whether the peer does not answer this client, as far as that is known. A hop that reports a link has it from
 * its own end: it is there, and cannot reach the next one.
 */
export function isLost(refusal: Refusal): boolean {
  const {code, peerId, reportedBy} = refusal;
  if (!isGone(refusal) || reportedBy === undefined) return isGone(refusal);
  return code === 'PEER_LEFT' && reportedBy !== peerId;
}

/** Why layers are missing that only this hop serves. */
export function avoidedWhy(refusal: Refusal): AvoidedWhy {
  if (isFull(refusal)) return 'full';
  // Others see no gap there, and will not fill it.
  if (refusal.hasPublished === true) return 'unreachable';
  if (isLost(refusal) || refusal.code === 'SESSION_EXPIRED') return 'silent';
  return isGone(refusal) ? 'unreachable' : 'distrusted';
}
