import type {Hop} from '#shared/protocol/control/open-session.ts';
import {blameOf, faultOf, reportFault, type Blame} from './blame-hop.ts';
import {chooseHops} from './choose-hops.ts';
import {closeWhole, endAsFailed} from './end-answer.ts';
import type {GenerationStep} from '../state/generation-action.ts';
import {hasBegun, type Answer, type ServedState} from '../state/generation-state.ts';
import {isFull, type Refusal} from '../state/refusal.ts';

/** Chains that fail within so long of each other are one try: of a swarm in trouble they tell no more than one. */
const ONE_TRY_MS = 1_000;

/**
 * A chain does not, or no longer, serve the answer: another one is chosen, or the answer fails.
 * Before the first token the next chain starts from scratch; after it, the remaining hops keep their caches.
 */
export function loseChain(state: ServedState, seen: Refusal, nowMs: number): GenerationStep {
  const blame = blameOf(state.hops, seen);
  const refusal = blame.kind === 'certain' ? seen : {...seen, orElse: blame.doubt.reporters};
  const answer = withBlame(withFailure(state.answer, refusal, nowMs), blame, refusal);
  const {state: next, actions} = goOn({...state, answer}, {blame, refusal, nowMs});
  return {state: next, actions: [...reportFault(blame, refusal), ...actions]};
}

function goOn(
  state: ServedState,
  {
    blame,
    refusal,
    nowMs,
  }: {readonly blame: Blame; readonly refusal: Refusal; readonly nowMs: number},
): GenerationStep {
  const {hops, answer} = state;
  if (!survives(answer, nowMs)) {
    return endAsFailed(answer, {kind: 'refused', refusal: answer.lastRefusal ?? refusal}, hops);
  }
  if (!hasBegun(answer)) {
    const {state: choosing, actions} = chooseHops({...answer, opened: []});
    // Its hops hold nothing that is worth a link to each of them.
    return {state: choosing, actions: [...closeWhole(answer, hops, 'failed'), ...actions]};
  }
  const lost = blame.kind === 'certain' ? [blame.peerId] : blame.doubt.likely;
  const isLeft = ({peerId}: Hop) => !lost.includes(peerId);
  // Hops of a chain that did not open hold nothing, but for those that it took over.
  const warm = state.kind === 'opening' ? answer.warm : hops;
  const {state: choosing, actions} = chooseHops({
    ...answer,
    opened: withHops(answer.opened, hops).filter(isLeft),
    warm: warm.filter(isLeft),
  });
  const {code, peerId} = refusal;
  return {
    state: choosing,
    actions: [{kind: 'tell', news: {kind: 'lost', code, peerId}}, ...actions],
  };
}

/** Here, and nowhere else, it is decided whether an answer goes on without a hop. */
function survives({task, failures, failsSinceMs}: Answer, nowMs: number): boolean {
  const {maxFailures, patienceMs} = task.limits;
  return failures < maxFailures || nowMs - (failsSinceMs ?? nowMs) < patienceMs;
}

/** Hops that are full are asked again as long as the answer waits for room: being full does not count as a failure. */
function withFailure(answer: Answer, refusal: Refusal, nowMs: number): Answer {
  const {failures, failedMs, failsSinceMs} = answer;
  // What names nobody says less to its reader than what named a hop before.
  const lastRefusal = refusal.peerId === null ? (answer.lastRefusal ?? refusal) : refusal;
  const next = {...answer, lastRefusal};
  if (isFull(refusal) || (failedMs !== null && nowMs - failedMs < ONE_TRY_MS)) return next;
  return {
    ...next,
    failures: failures + 1,
    failedMs: nowMs,
    failsSinceMs: failsSinceMs ?? nowMs,
  };
}

function withBlame(answer: Answer, blame: Blame, refusal: Refusal): Answer {
  if (blame.kind === 'doubt') return {...answer, doubts: [...answer.doubts, blame.doubt]};
  const {peerId} = blame;
  if (faultOf(refusal) === 'lied') return {...answer, liars: new Set([...answer.liars, peerId])};
  const sought = new Set([...answer.sought].filter((other) => other !== peerId));
  return {...answer, avoid: new Map([...answer.avoid, [peerId, refusal]]), sought};
}

function withHops(opened: readonly Hop[], hops: readonly Hop[]): readonly Hop[] {
  const isNew = ({peerId}: Hop) => !opened.some((hop) => hop.peerId === peerId);
  return [...opened, ...hops.filter(isNew)];
}
