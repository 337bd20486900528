import type {ServedHop} from '../../ports/chat-service.ts';
import {formatDuration} from '../format/format-duration.ts';

/** Shorter waits are nobody's concern. */
const SHOWN_WAIT_MS = 1;

/**
 * What a token took in this hop alone, and what was expected of it; `null` where another hop says so
 * and the hop's own record does not. What it waited no record can confirm.
 */
export function timesOf(served: ServedHop | undefined): string | null {
  if (served === undefined || served.word === 'unconfirmed') return null;
  const {observedMs, predictedMs, waitedMs, word} = served;
  const parts = [`took ${formatDuration(observedMs)}`, `expected ${formatDuration(predictedMs)}`];
  if (word === 'own' && waitedMs >= SHOWN_WAIT_MS) {
    parts.push(`waited ${formatDuration(waitedMs)} for other answers`);
  }
  return parts.join(', ');
}
