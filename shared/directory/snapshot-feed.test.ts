import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {asPeerId} from '../base/ids.ts';
import type {NodeRecord} from '../protocol/node-record.ts';
import {buildRecord} from '../testing/record-builder.ts';
import type {Directory} from './directory.ts';
import {startSnapshotFeed} from './snapshot-feed.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function createWorld(onEmitted: () => void = () => undefined) {
  let records: readonly NodeRecord[] = [];
  const listeners = new Set<() => void>();
  const directory: Directory = {
    publish: async () => undefined,
    list: () => ({records, state: 'reachable'}),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => undefined,
  };
  const emitted: (readonly NodeRecord[])[] = [];
  const feed = startSnapshotFeed({
    directory,
    onRecords: (list) => {
      emitted.push(list);
      onEmitted();
    },
  });
  const change = (next: readonly NodeRecord[]) => {
    records = next;
    for (const listener of listeners) listener();
  };
  const expire = () => {
    records = [];
  };
  return {feed, emitted, change, expire, listeners};
}

const node = (name: string, seq: number) => buildRecord({peerId: asPeerId(name), seq});

test('[SF1] at most four pictures a second, the last one up to date', () => {
  const {feed, emitted, change} = createWorld();
  for (let seq = 1; seq <= 100; seq += 1) {
    change([node('a', seq)]);
    vi.advanceTimersByTime(10);
  }
  vi.advanceTimersByTime(250);
  expect(emitted.length).toBeLessThanOrEqual(6);
  expect(emitted.length).toBeGreaterThanOrEqual(5);
  expect(feed.current()).toEqual([node('a', 100)]);
  feed.close();
});

test('[SF2] says nothing while nothing changes', () => {
  const {feed, emitted, change} = createWorld();
  change([node('a', 1)]);
  vi.advanceTimersByTime(10_000);
  change([node('a', 1)]);
  vi.advanceTimersByTime(10_000);
  expect(emitted).toEqual([[], [node('a', 1)]]);
  feed.close();
});

test('[SF3] a record that expires makes a picture, though no event tells of it', () => {
  const {feed, emitted, change, expire} = createWorld();
  change([node('a', 1)]);
  vi.advanceTimersByTime(500);
  expire();
  vi.advanceTimersByTime(1_500);
  expect(emitted.at(-1)).toEqual([]);
  feed.close();
});

test('[SF4] is silent after close', () => {
  const {feed, emitted, change, listeners} = createWorld();
  feed.close();
  change([node('a', 1)]);
  vi.advanceTimersByTime(5_000);
  expect(emitted).toEqual([[]]);
  expect(listeners.size).toBe(0);
});

test('[SF5] lists take a twentieth of the time of whoever works long on each, and come within half a second', () => {
  expect(emissionsOf({workMs: 20})).toBe(6);
  expect(emissionsOf({workMs: 5_000})).toBe(5);
  expect(emissionsOf({workMs: 1})).toBeGreaterThan(7);
});

/** Within two seconds of which every hundredth part brings a change. */
function emissionsOf({workMs}: {readonly workMs: number}): number {
  let workedMs = 0;
  const unworkedMs = performance.now.bind(performance);
  const stopwatch = vi.spyOn(performance, 'now').mockImplementation(() => unworkedMs() + workedMs);
  const {feed, emitted, change} = createWorld(() => {
    workedMs += workMs;
  });
  for (let seq = 1; seq <= 100; seq += 1) {
    change([node('a', seq)]);
    vi.advanceTimersByTime(20);
  }
  feed.close();
  stopwatch.mockRestore();
  return emitted.length;
}
