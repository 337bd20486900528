import type {PeerId} from '#shared/base/ids.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import {REFUSALS, type RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {Doubt} from '../state/doubt.ts';
import type {GenerationAction} from '../state/generation-action.ts';
import type {HopFault} from '../state/hop-conduct.ts';
import {isFull, isGone, type Refusal} from '../state/refusal.ts';

/** Why a chain broke: one hop is at fault for certain, or there is a doubt. */
export type Blame =
  | {readonly kind: 'certain'; readonly peerId: PeerId}
  | {readonly kind: 'doubt'; readonly doubt: Doubt};

/** What a hop says of its own state, whatever it was sent. */
const OWN_STATE: ReadonlySet<RefusalCode> = new Set([
  'NOT_SERVING',
  'ENGINE_LOST',
  'SESSIONS_FULL',
  'QUEUE_FULL',
]);

/**
 * A hop speaks for itself only: what it says of another hop is a doubt, also about itself. A head
 * passes on what all behind it say, also of the head, so that of its messages only a tail's are its
 * own. And what a tail does follows from what came to it through the others: one of them may have
 * changed it, to make the tail look like a liar.
 */
export function blameOf(hops: readonly Hop[], refusal: Refusal): Blame {
  const {code, peerId, reportedBy} = refusal;
  const peers = hops.map((hop) => hop.peerId);
  if (peerId === null) return {kind: 'doubt', doubt: {likely: peers, reporters: [], refusal}};
  const isOfItself = reportedBy === peerId && peerId === peers.at(-1);
  const isAlone = peers.length === 1 || OWN_STATE.has(code);
  if (reportedBy === undefined || (isOfItself && isAlone)) return {kind: 'certain', peerId};
  const reporters = peers.filter((hop) => hop !== peerId);
  return {kind: 'doubt', doubt: {likely: [peerId], reporters, refusal}};
}

/** What a refusal says of the hop that is at fault. */
export function faultOf(refusal: Refusal): HopFault['kind'] {
  const {code} = refusal;
  if (code === 'SESSION_EXPIRED') return 'silent';
  if (isGone(refusal) || code === 'UNKNOWN_SESSION') return 'left';
  // The client has looked whether it fits before anybody was asked.
  const isFalse = code === 'PROMPT_TOO_LONG' || REFUSALS[code].next === 'bug';
  return isFalse ? 'lied' : 'refused';
}

export function reportFault(blame: Blame, refusal: Refusal): readonly GenerationAction[] {
  const {code} = refusal;
  const kind = faultOf(refusal);
  if (blame.kind === 'certain') return [reportOf(blame.peerId, {kind, code, isCertain: true})];
  const {likely, reporters} = blame.doubt;
  // A hop is full every now and then, and nobody lies who says so.
  const doubted = isFull(refusal) ? [] : reporters;
  return [
    ...likely.map((peerId) => reportOf(peerId, {kind, code, isCertain: false})),
    ...doubted.map((peerId) => reportOf(peerId, {kind: 'lied', code, isCertain: false})),
  ];
}

function reportOf(peerId: PeerId, conduct: HopFault): GenerationAction {
  return {kind: 'report', peerId, conduct};
}
