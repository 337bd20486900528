import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {asPeerId, type PeerId} from '#shared/base/ids.ts';
import type {DirectoryView} from '#shared/directory/directory.ts';
import type {LinkLoss} from '#shared/transport/transport.ts';
import type {TabEvent} from '../../ports/tab-event.ts';
import {LinkWorkerLostError} from '../link-worker/worker-link-channels.ts';
import {watchNode} from './watch-node.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A node that is watched, and the hands on all that it looks at. */
function watched() {
  const events: TabEvent[] = [];
  const changed = new Set<() => void>();
  const closed = new Set<(peerId: PeerId, loss: LinkLoss) => void>();
  const workerLost = new Set<(error: LinkWorkerLostError) => void>();
  let state: DirectoryView['state'] = 'reachable';
  let refusals: Readonly<Record<string, number>> = {};
  const stop = watchNode({
    membership: {
      peerId: asPeerId('self'),
      nowMs: () => performance.now(),
      directoryState: () => state,
      onSnapshot: (listener) => {
        changed.add(listener);
        return () => void changed.delete(listener);
      },
      onLinkWorkerLost: (listener) => {
        workerLost.add(listener);
        return () => void workerLost.delete(listener);
      },
      transport: {
        onPeerClosed: (listener) => {
          closed.add(listener);
          return () => void closed.delete(listener);
        },
      },
    },
    refusals: () => refusals,
    onEvent: (event) => events.push(event),
  });
  return {
    stop,
    /** What was heard since it was last asked for. */
    heard: () => events.splice(0),
    setDirectory: (next: DirectoryView['state']) => {
      state = next;
      for (const listener of changed) listener();
    },
    loseLink: (id: string, loss: LinkLoss = 'closed') => {
      for (const listener of closed) listener(asPeerId(id), loss);
    },
    setRefusals: (next: Readonly<Record<string, number>>) => {
      refusals = next;
    },
    loseLinkWorker: (why: string) => {
      for (const listener of workerLost) listener(new LinkWorkerLostError(why));
    },
    listenerCount: () => changed.size + closed.size + workerLost.size,
  };
}

test('[TE7] a worker of the links that failed is reported with code and sentence', () => {
  const node = watched();
  node.heard();
  node.loseLinkWorker('out of memory');
  expect(node.heard()).toEqual([
    {
      event: 'link-worker-lost',
      code: 'LINK_WORKER_LOST',
      message:
        'Lost the worker of the links: out of memory; links are opened again on the page, and a busy page may delay them',
    },
  ]);
});

test('[TE2] the directory is lost once and back once, with how long it was away', () => {
  const node = watched();
  expect(node.heard()).toEqual([{event: 'joined', peerId: 'self'}]);
  node.setDirectory('reachable');
  node.setDirectory('unreachable');
  vi.advanceTimersByTime(2_500);
  node.setDirectory('unreachable');
  node.setDirectory('reachable');
  expect(node.heard()).toEqual([
    {event: 'directory-lost'},
    {event: 'directory-back', awayMs: 2_500},
  ]);
});

test('[TE3] links that end and refusals are reported together, at most once a second, each once', () => {
  const node = watched();
  node.heard();
  node.loseLink('a');
  node.loseLink('b', 'violation');
  node.setRefusals({SESSIONS_FULL: 2});
  expect(node.heard()).toEqual([]);
  vi.advanceTimersByTime(1_000);
  expect(node.heard()).toEqual([
    {
      event: 'links-lost',
      links: [
        {peerId: 'a', loss: 'closed'},
        {peerId: 'b', loss: 'violation'},
      ],
    },
    {event: 'refused', counts: {SESSIONS_FULL: 2}},
  ]);
  node.setRefusals({SESSIONS_FULL: 3, KV_FULL: 1});
  vi.advanceTimersByTime(5_000);
  expect(node.heard()).toEqual([{event: 'refused', counts: {SESSIONS_FULL: 1, KV_FULL: 1}}]);
});

test('[TE3] the next hop of a tab counts its refusals from the beginning', () => {
  const node = watched();
  node.setRefusals({KV_FULL: 3});
  vi.advanceTimersByTime(1_000);
  node.heard();
  node.setRefusals({});
  vi.advanceTimersByTime(1_000);
  node.setRefusals({KV_FULL: 3});
  vi.advanceTimersByTime(1_000);
  expect(node.heard()).toEqual([{event: 'refused', counts: {KV_FULL: 3}}]);
});

test('[TE3] nothing is reported of a node that is not watched any more', () => {
  const node = watched();
  node.loseLink('a');
  node.stop();
  node.heard();
  vi.advanceTimersByTime(5_000);
  expect([node.heard(), node.listenerCount()]).toEqual([[], 0]);
});
