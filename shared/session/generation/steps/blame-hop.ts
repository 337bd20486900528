import type {PeerId} from '#shared/base/ids.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import {REFUSALS} from '#shared/protocol/control/refusal-code.ts';
import type {Doubt} from '../state/doubt.ts';
import type {GenerationAction} from '../state/generation-action.ts';
import type {HopFault} from '../state/hop-conduct.ts';
import {isGone, type Refusal} from '../state/refusal.ts';

/** The culprit of a chain that broke: one hop for certain, or a doubt. */
export type Blame =
  | {readonly kind: 'certain'; readonly peerId: PeerId}
  | {readonly kind: 'doubt'; readonly doubt: Doubt};

/**
 * A hop speaks for itself only: what it says of another hop is a doubt, also about itself and
 * all through whom its message came.
 */
export function blameOf(hops: readonly Hop[], {peerId, reportedBy}: Refusal): Blame {
  const peers = hops.map((hop) => hop.peerId);
  if (peerId === null) return {kind: 'doubt', doubt: {likely: peers, reporters: []}};
  if (reportedBy === undefined || reportedBy === peerId) return {kind: 'certain', peerId};
  const [from, to] = [peers.indexOf(reportedBy), peers.indexOf(peerId)];
  const reporters = from < to ? peers.slice(Math.max(0, from), to) : peers.slice(to + 1, from + 1);
  return {kind: 'doubt', doubt: {likely: [peerId], reporters}};
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
  return [
    ...likely.map((peerId) => reportOf(peerId, {kind, code, isCertain: false})),
    ...reporters.map((peerId) => reportOf(peerId, {kind: 'lied', code, isCertain: false})),
  ];
}

function reportOf(peerId: PeerId, conduct: HopFault): GenerationAction {
  return {kind: 'report', peerId, conduct};
}
