import {unreachable} from '#shared/base/assert.ts';
import type {LendService, LendState} from '../../ports/lend-service.ts';
import type {TabEvent} from '../../ports/tab-event.ts';
import {lendPhase} from './lend-phase.ts';

/** Tells of each change in what a tab lends, until the function that it returns is called. */
export function watchLending(
  service: Pick<LendService, 'subscribe'>,
  onEvent: (event: TabEvent) => void,
): () => void {
  let last: LendState = {kind: 'idle'};
  return service.subscribe((state) => {
    const event = lendEvent(last, state);
    last = state;
    if (event !== null) onEvent(event);
  });
}

/** What a change of state is for who watches; `null` when only figures changed. */
function lendEvent(before: LendState, now: LendState): TabEvent | null {
  if (lendPhase(before) === lendPhase(now)) return null;
  switch (now.kind) {
    case 'joining':
    case 'waiting':
      return null;
    case 'spare':
      return {event: 'spare'};
    case 'restarting':
      return {event: 'engine-lost', message: now.why};
    case 'claiming':
      return {event: 'claimed', ...layersOf(now), why: now.why};
    case 'loading':
      return {event: 'loading', ...layersOf(now)};
    case 'serving':
      return {event: 'serving', ...layersOf(now), engine: now.engine};
    case 'leaving':
      return {event: 'leaving', ...layersOf(now), openSessions: now.openSessions};
    case 'idle':
      return {event: 'left'};
    case 'failed':
      return {event: 'failed', code: now.code, message: now.message};
    default:
      return unreachable(now);
  }
}

function layersOf({layers}: Extract<LendState, {readonly layers: unknown}>) {
  const {startLayer, endLayer} = layers;
  return {startLayer, endLayer};
}
