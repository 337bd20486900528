import type {PeerId} from '#shared/base/ids.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import {REFUSALS} from '#shared/protocol/control/refusal-code.ts';
import {chooseHops} from './choose-hops.ts';
import {closeBroken, endAsFailed} from './end-answer.ts';
import type {GenerationStep} from '../state/generation-action.ts';
import type {Answer, ServedState} from '../state/generation-state.ts';
import type {Refusal} from '../state/refusal.ts';
import {reportFault} from './report-fault.ts';
import {passes} from './passing-refusal.ts';

/**
 * A chain does not, or no longer, serve the answer: another one is chosen, or the answer fails.
 * Before the first token the next chain starts from scratch; after it, the remaining hops keep their caches.
 */
export function loseChain(state: ServedState, refusal: Refusal): GenerationStep {
  const {state: next, actions} = goOn(state, refusal);
  return {state: next, actions: [...reportFault(state.hops, refusal), ...actions]};
}

function goOn(state: ServedState, refusal: Refusal): GenerationStep {
  const {hops} = state;
  const failures = state.answer.failures + (passes(state.answer, refusal) ? 0 : 1);
  const answer = {...state.answer, failures, lastRefusal: refusal};
  if (!survives(answer, refusal)) return endAsFailed(answer, {kind: 'refused', refusal}, hops);
  const bad = blamed(hops, refusal);
  const avoid = new Set([...answer.avoid, ...bad]);
  if (answer.tokenIds.length === 0) {
    const {state: choosing, actions} = chooseHops({...answer, avoid, opened: []});
    return {state: choosing, actions: [...closeBroken(answer, hops, 'failed'), ...actions]};
  }
  const isLeft = ({peerId}: Hop) => !bad.has(peerId);
  // Hops of a chain that did not open hold nothing, but for those that it took over.
  const warm = state.kind === 'opening' ? answer.warm : hops;
  return chooseHops({
    ...answer,
    avoid,
    opened: withHops(answer.opened, hops).filter(isLeft),
    warm: warm.filter(isLeft),
  });
}

/** Here, and nowhere else, it is decided whether an answer goes on without a hop. */
function survives({task, tokenIds, failures}: Answer, {code}: Refusal): boolean {
  const {maxFailures, afterLoss} = task.limits;
  if (REFUSALS[code].next !== 'chain' || failures >= maxFailures) return false;
  return tokenIds.length === 0 || afterLoss === 'recover';
}

/** Where nobody in particular is to blame, no hop of the chain is asked again. */
function blamed(hops: readonly Hop[], {peerId}: Refusal): ReadonlySet<PeerId> {
  return new Set(peerId === null ? hops.map((hop) => hop.peerId) : [peerId]);
}

function withHops(opened: readonly Hop[], hops: readonly Hop[]): readonly Hop[] {
  const isNew = ({peerId}: Hop) => !opened.some((hop) => hop.peerId === peerId);
  return [...opened, ...hops.filter(isNew)];
}
