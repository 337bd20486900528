import {afterEach, expect, test, vi} from 'vitest';
import type {TabEvent} from '../ports/tab-event.ts';
import {logTabEvent} from './log-tab-event.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test.for([
  ['info', {event: 'joined', peerId: 'self'}],
  ['warn', {event: 'refused', counts: {KV_FULL: 1}}],
  ['error', {event: 'failed', code: 'DISK_FULL', message: 'There is no room'}],
] as const satisfies readonly (readonly ['info' | 'warn' | 'error', TabEvent])[])(
  '[TE4] an event is one line of JSON in the console, at level %s',
  ([level, event]) => {
    const write = vi.spyOn(console, level).mockReturnValue();
    logTabEvent(event);
    expect(write.mock.calls).toEqual([[JSON.stringify({level, ...event})]]);
  },
);
