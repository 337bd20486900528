import {levelOf, type TabEvent} from '../ports/tab-event.ts';

/** Writes an event to the console at its level: one line of JSON, as the signal server writes its own. */
export function logTabEvent(event: TabEvent): void {
  const level = levelOf(event);
  console[level](JSON.stringify({level, ...event}));
}
