import type {Hop} from '#shared/protocol/control/open-session.ts';
import {REFUSALS} from '#shared/protocol/control/refusal-code.ts';
import type {GenerationAction} from '../state/generation-action.ts';
import type {HopFault} from '../state/hop-conduct.ts';
import {isGone, type Refusal} from '../state/refusal.ts';

/** What a refusal says of the hop that is to blame; where nobody in particular is, of every hop. */
export function reportFault(hops: readonly Hop[], refusal: Refusal): readonly GenerationAction[] {
  const {code, peerId} = refusal;
  const isCertain = peerId !== null;
  const at = isCertain ? [peerId] : hops.map((hop) => hop.peerId);
  const conduct = {kind: kindOf(refusal), code, isCertain};
  return at.map((hop) => ({kind: 'report', peerId: hop, conduct}));
}

function kindOf(refusal: Refusal): HopFault['kind'] {
  const {code} = refusal;
  if (code === 'SESSION_EXPIRED') return 'silent';
  if (isGone(refusal)) return 'left';
  return REFUSALS[code].next === 'bug' ? 'lied' : 'refused';
}
