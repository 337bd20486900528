import {CLAIM_SETTLE_MS} from '#shared/scheduling/allocation/placement/heard-lately.ts';
import {lookAround} from './look-around.ts';
import {attemptOf, heldBy, type VolunteerEvent, type VolunteerState} from './volunteer-state.ts';
import {loseEngine, startAgain} from './lose-engine.ts';
import {DRAIN_MS, discardOf, enter, fail, giveUp, type VolunteerStep} from './volunteer-step.ts';

/**
 * Between the first record of a tab and its first claim. Tabs that join in the same second first
 * see each other without claims, though a page may read a record half a second late: then all of
 * them place all of them alike, and no two want the same layers.
 */
export const LOOK_AROUND_MS = 2_000;

/** From a claim whose load failed to the next one: what failed once mostly fails again. */
export const LOAD_PAUSE_MS = 120_000;
/**
 * The life of a volunteer: what one event changes, and what is to be done. Pure: the snapshot
 * brings the time with it.
 *
 * introducing ▶ looking-around ▶ waiting | spare ─claim▶ claiming ▶ settling ▶ loading ▶ loaded ▶ serving
 *                                   ▲ withdraw │                              │
 *                                   └──────────┴──────────────────────────────┘
 * serving ─claim▶ claiming ▶ settling ▶ loading ▶ loaded ▶ draining ▶ serving, and back to what was
 * served whenever the claim is withdrawn or loading fails. Whose engine is lost: ▶ restarting ─claim▶ claiming.
 * From everywhere: ▶ leaving ▶ left, ▶ failed.
 */
export function stepVolunteer(state: VolunteerState, event: VolunteerEvent): VolunteerStep {
  switch (event.kind) {
    case 'look':
      return lookAround(state, event.snapshot);
    case 'published':
      return published(state, event.epoch);
    case 'woken':
      return woken(state, event.epoch);
    case 'loaded':
      return loaded(state, event.epoch);
    case 'load-failed':
      return loadFailed(state, event);
    case 'sessions':
      return countSessions(state, event.openSessions);
    case 'engine-lost':
      return loseEngine(state, event);
    case 'leave':
      return leave(state);
  }
}

function published(state: VolunteerState, epoch: number): VolunteerStep {
  const {status} = state;
  if (status.kind === 'introducing') {
    const wake = {kind: 'wake', epoch, afterMs: LOOK_AROUND_MS} as const;
    return enter(state, {kind: 'looking-around'}, [wake]);
  }
  if (status.kind === 'claiming' && epoch === state.epoch) {
    const wake = {kind: 'wake', epoch, afterMs: CLAIM_SETTLE_MS} as const;
    return enter(state, {...status, kind: 'settling'}, [wake]);
  }
  // Its record may be visible now: the next decision need not wait for somebody else's record.
  return {state, actions: [{kind: 'look'}]};
}

function woken(state: VolunteerState, epoch: number): VolunteerStep {
  const {status} = state;
  if (epoch !== state.epoch) return {state, actions: []};
  switch (status.kind) {
    case 'looking-around':
      return enter(state, {kind: 'waiting', why: 'it looks for other tabs'}, [{kind: 'look'}]);
    case 'settling': {
      const {claim: shard} = status.attempt;
      return enter(state, {...status, kind: 'loading'}, [{kind: 'load', epoch, shard}]);
    }
    case 'draining':
      return enter(state, {...status, waits: false}, [{kind: 'look'}]);
    case 'leaving':
      return enter(state, {kind: 'left'}, [{kind: 'close'}]);
    default:
      return {state, actions: []};
  }
}

/** Looks once more first: who holds what this tab would drop may have gone while it loaded. */
function loaded(state: VolunteerState, epoch: number): VolunteerStep {
  const {status} = state;
  if (status.kind !== 'loading' || epoch !== state.epoch) {
    return {state, actions: [{kind: 'discard', epoch, why: 'it is not wanted any more'}]};
  }
  return enter(state, {...status, kind: 'loaded'}, [{kind: 'look'}]);
}

type LoadFailed = Extract<VolunteerEvent, {readonly kind: 'load-failed'}>;

function loadFailed(state: VolunteerState, event: LoadFailed): VolunteerStep {
  const {status} = state;
  const {epoch, code, message} = event;
  if (epoch !== state.epoch || !('attempt' in status)) return {state, actions: []};
  const {before, claim} = status.attempt;
  if (before === null) {
    return code === 'ENGINE_LOST' ? startAgain(state, event) : fail(state, code, message);
  }
  return giveUp({...state, pausesUntilMs: claim.claimedAtMs + LOAD_PAUSE_MS}, status, message);
}

function countSessions(before: VolunteerState, openSessions: number): VolunteerStep {
  const state = {...before, openSessions};
  const {kind} = state.status;
  if (openSessions > 0) return {state, actions: []};
  if (kind === 'leaving') return enter(state, {kind: 'left'}, [{kind: 'close'}]);
  return {state, actions: kind === 'draining' ? [{kind: 'look'}] : []};
}

function leave(state: VolunteerState): VolunteerStep {
  const {status, openSessions} = state;
  if (status.kind === 'left' || status.kind === 'failed') return enter(state, {kind: 'left'});
  const discard = discardOf(attemptOf(status), 'this tab leaves');
  if (status.kind === 'leaving' || openSessions === 0) {
    return enter(state, {kind: 'left'}, [...discard, {kind: 'close'}]);
  }
  const epoch = state.epoch + 1; // What was to wake it before does not end its wait.
  return enter({...state, epoch}, {kind: 'leaving', held: heldBy(status)}, [
    ...discard,
    {kind: 'drain'},
    {kind: 'farewell'},
    {kind: 'wake', epoch, afterMs: DRAIN_MS},
  ]);
}
