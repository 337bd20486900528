import {
  attemptOf,
  heldBy,
  publishedLayers,
  type Attempt,
  type Status,
  type VolunteerAction,
  type VolunteerState,
} from './volunteer-state.ts';

/** How long answers that run may hold up a tab that leaves or moves: longer than most of them take. */
export const DRAIN_MS = 30_000;

/** A status with layers on their way. */
export type OnTheWay = Extract<Status, {readonly attempt: Attempt}>;

/** What one event made of a volunteer, and what is to be done. */
export type VolunteerStep = {
  readonly state: VolunteerState;
  readonly actions: readonly VolunteerAction[];
};

export function enter(
  state: VolunteerState,
  status: Status,
  actions: readonly VolunteerAction[] = [],
): VolunteerStep {
  return {state: {...state, status}, actions};
}

/** Enters a status that the record tells of. */
export function enterAndSay(
  state: VolunteerState,
  status: Status,
  actions: readonly VolunteerAction[] = [],
): VolunteerStep {
  const publishing = {kind: 'publish', epoch: state.epoch, ...publishedLayers(status)} as const;
  return enter(state, status, [...actions, publishing]);
}

/** Back to what was served; a tab without layers looks for another place. */
export function giveUp(state: VolunteerState, status: OnTheWay, why: string): VolunteerStep {
  const {before, claim: own, crowdedSinceMs} = status.attempt;
  const reopen = status.kind === 'draining' ? [{kind: 'reopen'} as const] : [];
  const actions = [{kind: 'discard', epoch: own.epoch, why} as const, ...reopen];
  if (before === null) return enterAndSay(state, {kind: 'waiting', why}, actions);
  // Still crowded, or it will see that it is not: it does not begin to wait all over again.
  return enterAndSay(state, {kind: 'serving', held: before, crowdedSinceMs}, actions);
}

/** The tab leaves: a record that stays would keep its place in everybody's plan. */
export function fail(state: VolunteerState, code: string, message: string): VolunteerStep {
  const {status} = state;
  // Answers under way learn whose fault it is.
  const drop = code === 'ENGINE_LOST' && heldBy(status) !== null ? [{kind: 'drop'} as const] : [];
  const actions = [...discardOf(attemptOf(status), message), ...drop, {kind: 'close'} as const];
  return enter(state, {kind: 'failed', code, message}, actions);
}

/** Nothing of what is on its way is wanted any more. */
export function discardOf(attempt: Attempt | null, why: string): readonly VolunteerAction[] {
  return attempt === null ? [] : [{kind: 'discard', epoch: attempt.claim.epoch, why}];
}
