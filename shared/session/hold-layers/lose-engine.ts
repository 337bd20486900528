import {attemptOf, heldBy, type VolunteerAction, type VolunteerState} from './volunteer-state.ts';
import {discardOf, enterAndSay, fail, type VolunteerStep} from './volunteer-step.ts';

/** So often in `ENGINE_LOSS_WINDOW_MS` an engine that was lost is started again: what dies of itself dies again. */
export const MOST_RESTARTS = 2;
export const ENGINE_LOSS_WINDOW_MS = 600_000;

export type EngineLoss = {readonly message: string; readonly nowMs: number};

/** The engine under the served layers is gone; nothing happens where that is known already. */
export function loseEngine(state: VolunteerState, loss: EngineLoss): VolunteerStep {
  const {status} = state;
  // The answers that it waits for end with this.
  if (status.kind === 'leaving') return {state, actions: [{kind: 'drop'}]};
  return heldBy(status) === null ? {state, actions: []} : startAgain(state, loss);
}

/** Looks for a place as one that joins, or gives up. Whose weights are kept on the device fetches nothing again. */
export function startAgain(before: VolunteerState, {message, nowMs}: EngineLoss): VolunteerStep {
  const recent = before.engineLossesMs.filter((lostMs) => nowMs - lostMs < ENGINE_LOSS_WINDOW_MS);
  const state = {...before, engineLossesMs: [...recent, nowMs]};
  if (recent.length >= MOST_RESTARTS) {
    const sentence = `The engine of this tab stopped ${recent.length + 1} times in ten minutes (${message}): lend less, or close other tabs and programs, then lend this tab again`;
    return fail(state, 'ENGINE_LOST', sentence);
  }
  return enterAndSay(state, {kind: 'restarting', why: message}, leftBehind(state));
}

/** What was on its way goes, too: memory for two shards at once may be what the engine died of. */
function leftBehind({status}: VolunteerState): readonly VolunteerAction[] {
  const drop = heldBy(status) === null ? [] : [{kind: 'drop'} as const];
  const reopen = status.kind === 'draining' ? [{kind: 'reopen'} as const] : [];
  return [...discardOf(attemptOf(status), 'the engine of this tab stopped'), ...drop, ...reopen];
}
