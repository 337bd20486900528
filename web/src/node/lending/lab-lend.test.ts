import {expect, test} from 'vitest';
import {PUBLIC_SWARM, TEST_SWARM} from '#shared/protocol/swarm-kind.ts';
import {withRealEngine} from './lab-lend.ts';

const capacity = {kind: 'layers', maxLayers: 10} as const;

test('[LN7] a stand-in is taken in a test swarm only, and elsewhere the best engine in its place', () => {
  const standIn = {engine: 'stub', capacity} as const;
  expect(withRealEngine(standIn, TEST_SWARM)).toEqual(standIn);
  expect(withRealEngine(standIn, PUBLIC_SWARM)).toEqual({engine: 'best', capacity});
  expect(withRealEngine({engine: 'wasm', capacity}, PUBLIC_SWARM)).toEqual({
    engine: 'wasm',
    capacity,
  });
});
