import {expect, test} from 'vitest';
import type {LendState} from '../../../web/src/ports/lend-service.ts';
import {servingState} from '../../../web/src/ports/testing/serving-state.ts';
import {chooseCutEvery} from './choose-cut-every.ts';
import {countChains, countUnservedLayers} from './count-chains.ts';
import {judgeCoverage} from './coverage.ts';

const GRID = {layerCount: 6, cutEvery: 2};

const serving = (startLayer: number, endLayer: number): LendState =>
  servingState({startLayer, endLayer});
const tab = (state: LendState, maxLayers?: number) => ({state, isOpen: true, group: {maxLayers}});

/** Tabs of two layers each. */
const judgeSmall = (states: readonly LendState[]) =>
  judgeCoverage({tabs: states.map((state) => tab(state, 2)), grid: GRID, wantedChains: 1});
const cutFor = (...limits: readonly (number | undefined)[]) => cutOf(30, limits);
const cutOf = (layerCount: number, limits: readonly (number | undefined)[]) =>
  chooseCutEvery(
    {
      tabs: limits.map((maxLayers) => ({
        count: 1,
        engine: 'stub',
        maxLayers,
        joinAtMs: 0,
        slowdown: 1,
      })),
    },
    layerCount,
  );

test('[CV1] chains are counted by the rarest layer', () => {
  const ranges = [
    {startLayer: 0, endLayer: 4},
    {startLayer: 2, endLayer: 6},
    {startLayer: 0, endLayer: 6},
  ];
  expect(countChains(GRID, ranges)).toBe(2);
  expect(countChains(GRID, [])).toBe(0);
  expect(countUnservedLayers(GRID, [{startLayer: 2, endLayer: 4}])).toBe(4);
  expect(countUnservedLayers(GRID, ranges)).toBe(0);
});

test('[CV2] covered when enough tabs serve each layer, closed tabs aside', () => {
  const tabs = [tab(serving(0, 4)), tab(serving(4, 6))];
  const judge = (covered: typeof tabs) =>
    judgeCoverage({tabs: covered, grid: GRID, wantedChains: 1});
  expect(judge(tabs)).toBe('covered');
  expect(judge([...tabs.slice(0, 1), {...tab(serving(4, 6)), isOpen: false}])).toBe('not-yet');
});

test('[CV3] never, when settled tabs cannot hold so much, and not before they are settled', () => {
  expect(judgeSmall([serving(0, 2), {kind: 'joining'}])).toBe('not-yet');
  expect(judgeSmall([serving(0, 2), serving(2, 4)])).toBe('never');
  expect(judgeSmall([serving(0, 2), serving(2, 4), {kind: 'spare', why: ''}])).toBe('not-yet');
});

test('[CV4] the cut grid of a file is as coarse as all of its tabs can be filled with', () => {
  const cuts = [[10, 5], [6], [16], [7], [undefined], [4, 6]].map((limits) => cutFor(...limits));
  expect(cuts).toEqual([5, 3, 4, 1, 5, 2]);
});

test.each([
  [1, [undefined], 1],
  [1, [7], 1],
  [2, [undefined], 2],
  [3, [2], 2],
  [4, [4, 9], 4],
  [4, [3, 1], 1],
])('[CV4] a model of %i layers with tabs of %j is cut every %i', (layerCount, limits, cutEvery) => {
  expect(cutOf(layerCount, limits)).toBe(cutEvery);
});
