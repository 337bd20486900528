import {expect, test} from 'vitest';
import {swarmStateOf} from './swarm-state.ts';

test('[WI1] a swarm is short while a layer, or a whole chain, is missing', () => {
  expect(swarmStateOf({layers: [1, 1, 1], chains: 1}, 3)).toEqual({state: 'ready', missing: []});
  expect(swarmStateOf({layers: [0, 1, 1, 0], chains: 0}, 6)).toEqual({
    state: 'short',
    missing: [
      [0, 1],
      [3, 6],
    ],
  });
  expect(swarmStateOf({layers: [1, 1, 1], chains: 0}, 3)).toEqual({state: 'short', missing: []});
});

test('[WI1] nobody there is short of all layers, as far as they are known', () => {
  expect(swarmStateOf(null, 4)).toEqual({state: 'short', missing: [[0, 4]]});
  expect(swarmStateOf(null, 0)).toEqual({state: 'short', missing: []});
});

test('[WI1] a server that does not say is offline, and nothing is known before it was asked', () => {
  expect(swarmStateOf('unknown', 4)).toEqual({state: 'offline', missing: []});
  expect(swarmStateOf('not-read', 4)).toBeNull();
});
