import {getEventListeners} from 'node:events';
import {TypedEventEmitter, type Libp2pEvents} from '@libp2p/interface';
import {afterEach, expect, test, vi} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {followServer} from './follow-server.ts';

const SERVER = asPeerId('12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5');

afterEach(() => {
  vi.useRealTimers();
});

test('[DR14] waiting for an absent server takes one listener, and none afterwards', async () => {
  vi.useFakeTimers();
  const events = new TypedEventEmitter<Libp2pEvents>();
  const libp2p = Object.assign(events, {getConnections: () => []});
  const closing = new AbortController();
  const following = followServer({
    libp2p,
    server: SERVER,
    prefix: '',
    onReply: () => Promise.resolve(),
    onLost: () => undefined,
    onSilence: () => undefined,
    signal: closing.signal,
  });
  const listenerCounts = () => [
    getEventListeners(closing.signal, 'abort').length,
    getEventListeners(events, 'connection:open').length,
  ];
  await vi.advanceTimersByTimeAsync(60_000);
  expect(listenerCounts()).toEqual([1, 1]);
  closing.abort();
  await following;
  expect(listenerCounts()).toEqual([0, 0]);
});
