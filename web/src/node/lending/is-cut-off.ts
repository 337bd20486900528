import type {PeerId} from '#shared/base/ids.ts';

/** One alone may be out of reach for its own reasons. */
const ENOUGH = 2;

/** Whether a tab that found these others out of reach had better look at its own network. */
export function isCutOff(others: readonly PeerId[], unreachable: readonly PeerId[]): boolean {
  const tried = others.filter((peerId) => unreachable.includes(peerId));
  return others.length > 0 && tried.length >= Math.min(ENOUGH, others.length);
}
