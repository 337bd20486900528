import {afterEach, expect, test, vi} from 'vitest';
import {takeThreads} from './take-threads.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

const refuse = async () => Promise.reject(new DOMException('No storage', 'SecurityError'));

test.for([
  ['no locks', {request: refuse}],
  [
    'no list of the locks that are held',
    {request: async (_: string, run: () => unknown) => run(), query: refuse},
  ],
])('[EN10] a tab that gets %s from its browser has one thread', async ([, locks]) => {
  vi.stubGlobal('crossOriginIsolated', true);
  vi.stubGlobal('navigator', {locks});
  const {threadCount, release} = await takeThreads(8);
  expect(threadCount).toBe(1);
  release();
});
