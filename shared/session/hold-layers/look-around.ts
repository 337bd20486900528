import {claimedMsOf, rememberClaims} from '#shared/scheduling/allocation/placement/claim-watch.ts';
import {
  decidePlacement,
  type PlacementDecision,
} from '#shared/scheduling/allocation/placement/decide-placement.ts';
import type {PlacedShard, SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';
import type {Attempt, Status, VolunteerState} from './volunteer-state.ts';
import {
  DRAIN_MS,
  enter,
  enterAndSay,
  giveUp,
  type OnTheWay,
  type VolunteerStep,
} from './volunteer-step.ts';

/** A tab sets out to even the swarm out when it has seen for so long that it would help more elsewhere. */
export const CROWDED_MS = 30_000;
/** After it has moved for that it stays for so long. */
export const STAY_MS = 600_000;

/** What a volunteer makes of what it sees. The snapshot brings the time with it. */
export function lookAround(before: VolunteerState, snapshot: SwarmSnapshot): VolunteerStep {
  const {terms, status} = before;
  const {takenAtMs, nodes} = snapshot;
  const state = {...before, claims: rememberClaims(before.claims, nodes, takenAtMs)};
  switch (status.kind) {
    case 'introducing':
    case 'looking-around':
    case 'leaving':
    case 'left':
    case 'failed':
      return {state, actions: []};
    default:
  }
  const decision = decidePlacement({
    snapshot,
    ...terms,
    claimedMs: (nodeId) => claimedMsOf(state.claims, nodeId),
  });
  switch (status.kind) {
    case 'waiting':
    case 'spare':
    case 'restarting':
      return seekPlace(state, decision, takenAtMs);
    case 'serving':
      return reviewPlace(state, status, decision, takenAtMs);
    default:
      return reviewAttempt(state, status, decision, takenAtMs);
  }
}

function seekPlace(
  state: VolunteerState,
  decision: PlacementDecision,
  nowMs: number,
): VolunteerStep {
  const {kind, why} = decision;
  if (kind === 'claim') {
    return claim(state, decision.shard, {why, before: null, crowdedSinceMs: null}, nowMs);
  }
  if (kind === 'wait') return enter(state, {kind: 'waiting', why});
  return kind === 'spare' ? enter(state, {kind: 'spare', why}) : {state, actions: []};
}

/** Settled layers stay, except for a gap to close or a place where this tab is needed much more. */
function reviewPlace(
  state: VolunteerState,
  status: Extract<Status, {kind: 'serving'}>,
  decision: PlacementDecision,
  nowMs: number,
): VolunteerStep {
  const {held, crowdedSinceMs} = status;
  const {kind, why} = decision;
  if (nowMs < state.pausesUntilMs) return {state, actions: []};
  if (kind === 'claim') {
    return claim(state, decision.shard, {why, before: held, crowdedSinceMs: null}, nowMs);
  }
  if (kind !== 'even-out' || nowMs < state.staysUntilMs) {
    return crowdedSinceMs === null
      ? {state, actions: []}
      : enter(state, {...status, crowdedSinceMs: null});
  }
  const sinceMs = crowdedSinceMs ?? nowMs;
  if (nowMs - sinceMs < CROWDED_MS) return enter(state, {...status, crowdedSinceMs: sinceMs});
  return claim(state, decision.shard, {why, before: held, crowdedSinceMs: sinceMs}, nowMs);
}

function claim(
  state: VolunteerState,
  shard: PlacedShard,
  attempt: Omit<Attempt, 'claim'>,
  nowMs: number,
): VolunteerStep {
  const epoch = state.epoch + 1;
  const own = {...shard, epoch, claimedAtMs: Math.round(nowMs)};
  return enterAndSay({...state, epoch}, {kind: 'claiming', attempt: {...attempt, claim: own}});
}

function reviewAttempt(
  state: VolunteerState,
  status: OnTheWay,
  decision: PlacementDecision,
  nowMs: number,
): VolunteerStep {
  if (decision.kind === 'withdraw') return giveUp(state, status, decision.why);
  const {attempt} = status;
  const isIdle = state.openSessions === 0;
  if (status.kind === 'draining') {
    return isIdle || !status.waits ? serve(state, status, nowMs) : {state, actions: []};
  }
  if (status.kind !== 'loaded') return {state, actions: []};
  const {before, crowdedSinceMs} = attempt;
  if (before === null || crowdedSinceMs === null || isIdle) return serve(state, status, nowMs);
  const draining = {kind: 'draining', attempt: {...attempt, before}, waits: true} as const;
  const wake = {kind: 'wake', epoch: state.epoch, afterMs: DRAIN_MS} as const;
  return enterAndSay(state, draining, [{kind: 'drain'}, wake]);
}

function serve(before: VolunteerState, {kind, attempt}: OnTheWay, nowMs: number): VolunteerStep {
  const {claim: own, why, crowdedSinceMs} = attempt;
  const {startLayer, endLayer, embedding, lmHead} = own;
  const shard = {startLayer, endLayer, embedding, lmHead};
  const state = crowdedSinceMs === null ? before : {...before, staysUntilMs: nowMs + STAY_MS};
  const reopen = kind === 'draining' ? [{kind: 'reopen'} as const] : [];
  const status = {kind: 'serving', held: {shard, why}, crowdedSinceMs: null} as const;
  return enterAndSay(state, status, [{kind: 'serve', epoch: own.epoch, shard}, ...reopen]);
}
