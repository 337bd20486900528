import type {Answer} from '../state/generation-state.ts';
import {isAbsent, isFull, type Refusal} from '../state/refusal.ts';

/** Whether it is of use to wait and ask the same peers, or others in their place, again. */
export function passes({task}: Answer, refusal: Refusal): boolean {
  return isFull(refusal) || (task.limits.afterLoss === 'recover' && isAbsent(refusal));
}
