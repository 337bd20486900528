import type {PeerId} from '#shared/base/ids.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import {afterReached, afterRenewed, chooseAgain, chooseHops} from './steps/choose-hops.ts';
import {endAsFailed, stopAnswer} from './steps/end-answer.ts';
import {handOver, withTimeForPrompt} from './steps/feed-head.ts';
import {guideTail} from './steps/guide-tail.ts';
import {loseSilentChain, nameSilent, takeReached} from './steps/find-silent.ts';
import type {GenerationStep} from './state/generation-action.ts';
import type {GenerationEvent} from './state/generation-event.ts';
import {
  headLostOf,
  isOver,
  wakeAtMs,
  type Answer,
  type FailureReason,
  type GenerationState,
  type ServedState,
} from './state/generation-state.ts';
import type {GenerationTask} from './state/generation-task.ts';
import {loseChain} from './steps/lose-chain.ts';
import {afterHeadReached, loseEnd} from './steps/lose-head.ts';
import type {Refusal} from './state/refusal.ts';
import {takeChain, takeGap} from './steps/take-choice.ts';
import {takeKeptFrom, takeReady} from './steps/take-ready.ts';
import {takeTokens} from './steps/take-tokens.ts';

/** @param closed peers that closed their link to this client, and have published nothing since. */
export function startGeneration(
  task: GenerationTask,
  closed: Iterable<PeerId> = [],
): GenerationStep {
  const answer = newAnswer(task, closed);
  const reason = whyImpossible(task);
  return reason === null ? chooseHops(answer) : endAsFailed(answer, reason, []);
}

function newAnswer(task: GenerationTask, closed: Iterable<PeerId>): Answer {
  return {
    task,
    tokenIds: [],
    epoch: -1,
    opened: [],
    warm: [],
    ran: [],
    avoid: new Map(Array.from(closed, (peerId) => [peerId, {code: 'PEER_LEFT', peerId}])),
    sought: new Set(),
    liars: new Set(),
    doubts: [],
    needed: [],
    missing: [],
    emptyEnd: null,
    failures: 0,
    failedMs: null,
    failsSinceMs: null,
    lastRefusal: null,
    waitsSinceMs: null,
    goneSinceMs: null,
  };
}

/** What is wrong with the request itself: nobody else's word about it counts. */
function whyImpossible(task: GenerationTask): FailureReason | null {
  const {promptTokenIds, maxNewTokens, vocabularySize, contextTokens} = task;
  if (promptTokenIds.length + maxNewTokens - 1 > contextTokens) {
    return {kind: 'too-long', mostKvTokens: contextTokens};
  }
  return promptTokenIds.every((tokenId) => tokenId < vocabularySize)
    ? null
    : {kind: 'refused', refusal: {code: 'BAD_PAYLOAD', peerId: null}};
}

/**
 * The next state of an answer and what to do about it. Pure: no clock, no socket, no timer.
 *
 * choosing ──chain──▶ opening ──ready──▶ feeding ──tokens──▶ decoding ──tokens──▶ complete
 *    │  ▲                └────────────┬──────┴─────────────────┘
 *   gap └──snapshot, tick──┐          │ refused, link-lost, silence
 *    └────────────────▶ waiting       └──▶ choosing (in a new epoch) | failed
 *
 * From anywhere: stop ──▶ stopped. Whatever makes no sense in a state changes nothing.
 */
export function stepGeneration(state: GenerationState, event: GenerationEvent): GenerationStep {
  return guideTail(state, stepAnswer(state, event));
}

function stepAnswer(state: GenerationState, event: GenerationEvent): GenerationStep {
  if (isOver(state) || isOfOtherChain(state, event)) return unchanged(state);
  switch (event.kind) {
    case 'stop':
      return stopAnswer(state);
    case 'reached':
    case 'renewed':
      return takeHope(state, event);
    default:
      return stepIn(state, event);
  }
}

function stepIn(state: GenerationState, event: GenerationEvent): GenerationStep {
  switch (state.kind) {
    case 'choosing':
      return stepChoosing(state, event);
    case 'waiting':
      return stepWaiting(state, event);
    case 'opening':
    case 'feeding':
    case 'decoding':
      return stepServed(state, event);
    case 'searching':
      return stepSearching(state, event);
    case 'complete':
      return stepComplete(state, event);
    default:
      return unchanged(state);
  }
}

function stepChoosing(state: Of<'choosing'>, event: GenerationEvent): GenerationStep {
  if (event.kind === 'chain') return takeChain(state.answer, event);
  if (event.kind === 'gap') return takeGap(state.answer, event.missing, event.nowMs);
  return unchanged(state);
}

function stepWaiting(state: Of<'waiting'>, event: GenerationEvent): GenerationStep {
  const {answer} = state;
  if (event.kind === 'snapshot' && state.wakeAtMs === null) return chooseHops(answer);
  return isDue(state, event) ? chooseAgain(answer) : unchanged(state);
}

/** Something has changed about a peer that may be avoided. */
function takeHope(
  state: GenerationState,
  event: Extract<GenerationEvent, {readonly kind: 'reached' | 'renewed'}>,
): GenerationStep {
  const isReached = event.kind === 'reached';
  const answer = (isReached ? afterReached : afterRenewed)(state.answer, event.peerId);
  if (state.kind === 'waiting') return chooseHops(answer);
  const next = {...state, answer};
  return unchanged(isReached ? afterHeadReached(next, event) : next);
}

function stepServed(state: ServingState, event: GenerationEvent): GenerationStep {
  const {nowMs} = event;
  const refusal = lossIn(state, event);
  if (refusal !== null) {
    return (event.kind === 'link-lost' ? loseEnd : loseChain)(state, refusal, nowMs);
  }
  if (isDue(state, event)) return judgeSilence(state, nowMs);
  if (event.kind === 'tokens') return takeTokens(state, event);
  if (event.kind === 'ready' && state.kind === 'opening') {
    return takeReady(state, event.inputFrom, nowMs);
  }
  if (state.kind !== 'feeding') return unchanged(state);
  if (event.kind === 'fed') return handOver(withTimeForPrompt(state, nowMs));
  if (event.kind === 'kept-from') return takeKeptFrom(state, event.hopIndex, nowMs);
  return unchanged(state);
}

function stepSearching(state: Of<'searching'>, event: GenerationEvent): GenerationStep {
  const refusal = lossIn(state, event);
  if (refusal !== null) return loseChain(state, refusal, event.nowMs);
  if (event.kind === 'kept-from') return takeReached(state, event);
  return isDue(state, event) ? nameSilent(state, event.nowMs) : unchanged(state);
}

/** Why the chain serves the answer no more, if that is what was seen. */
function lossIn(state: ServedState, event: GenerationEvent): Refusal | null {
  if (event.kind === 'refused') return event.refusal;
  const isLost =
    (event.kind === 'link-lost' && isEnd(state.hops, event.peerId)) ||
    (event.kind === 'unlisted' && state.kind === 'opening' && isHop(state.hops, event.peerId));
  if (!isLost) return null;
  const isSilent = event.kind === 'link-lost' && event.isSilent === true;
  return {code: isSilent ? 'PEER_UNREACHABLE' : 'PEER_LEFT', peerId: event.peerId};
}

/** A client that was asleep itself hears the time late, and what the chain sent meanwhile even later. */
function judgeSilence(state: ServingState, nowMs: number): GenerationStep {
  if (nowMs < state.dueMs + LATE_MS) {
    const headLost = headLostOf(state);
    return headLost === null ? loseSilentChain(state, nowMs) : loseChain(state, headLost, nowMs);
  }
  return unchanged({...state, dueMs: nowMs + state.answer.task.limits.slackMs});
}

function stepComplete(state: Of<'complete'>, event: GenerationEvent): GenerationStep {
  const over = {...state, servedByMs: null};
  if (event.kind === 'served') {
    return {state: over, actions: [{kind: 'tell', news: {kind: 'served', hops: event.hops}}]};
  }
  const isMute =
    event.kind === 'refused' ||
    (event.kind === 'link-lost' && isEnd(state.hops, event.peerId)) ||
    isDue(state, event);
  return isMute ? {state: over, actions: []} : unchanged(state);
}

/** A timer that rings so late was not the only thing that came late. */
const LATE_MS = 2_000;

type ServingState = Exclude<ServedState, {readonly kind: 'searching'}>;
type Of<Kind extends GenerationState['kind']> = Extract<GenerationState, {readonly kind: Kind}>;

function unchanged(state: GenerationState): GenerationStep {
  return {state, actions: []};
}

/** What was under way when the answer left a chain. */
function isOfOtherChain({answer}: GenerationState, event: GenerationEvent): boolean {
  return 'epoch' in event && event.epoch !== answer.epoch;
}

function isDue(state: GenerationState, event: GenerationEvent): boolean {
  const dueMs = wakeAtMs(state);
  return event.kind === 'tick' && dueMs !== null && event.nowMs >= dueMs;
}

function isHop(hops: readonly Hop[], peerId: PeerId): boolean {
  return hops.some((hop) => hop.peerId === peerId);
}

/** The client has a link to head and tail only; what else it is linked to is no part of this answer. */
function isEnd(hops: readonly Hop[], peerId: PeerId): boolean {
  return hops[0]?.peerId === peerId || hops.at(-1)?.peerId === peerId;
}
