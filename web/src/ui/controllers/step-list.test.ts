import {expect, test} from 'vitest';
import type {LendState} from '../../ports/lend-service.ts';
import {servingState} from '../../ports/testing/serving-state.ts';
import {loadingPartsAfter, stepsOf} from './step-list.ts';

const LAYERS = {startLayer: 10, endLayer: 20};

const WAY: readonly LendState[] = [
  {kind: 'joining'},
  {kind: 'waiting', why: 'it looks for other tabs'},
  {kind: 'restarting', why: 'it crashed', note: ''},
  {kind: 'claiming', layers: LAYERS, why: 'nobody serves it'},
  {kind: 'loading', layers: LAYERS, why: '', step: 'weights', done: 31e6, total: 34e6},
  {kind: 'loading', layers: LAYERS, why: '', step: 'graph', done: 1, total: 2},
  {kind: 'loading', layers: LAYERS, why: '', step: 'warm-up', done: 0, total: 0},
  servingState(LAYERS, {why: 'nobody serves it'}),
  {kind: 'leaving', layers: LAYERS, openSessions: 2},
];

test('[PG20] one step is current, those before it are done, and the way never turns back', () => {
  const at = WAY.map((state) => stepsOf(state, {}).findIndex((step) => step.state === 'current'));
  expect(at).toEqual([0, 1, 1, 1, 2, 3, 4, 5, 5]);
  for (const state of WAY) {
    const states = stepsOf(state, {}).map((step) => step.state);
    expect(states).toEqual(states.toSorted((a, b) => RANK[a] - RANK[b]));
  }
});

const RANK = {done: 0, current: 1, ahead: 2} as const;

test('[PG21] a step says which layers, why, and how much of it is done', () => {
  const details = WAY.flatMap((state) => stepsOf(state, {}))
    .filter(({state}) => state === 'current')
    .map(({detail}) => detail);
  expect(details).toEqual([
    '',
    'Waits: it looks for other tabs',
    'Starts the engine again',
    'Claims layers 10–20 because nobody serves it',
    'Layers 10–20: 31 MB of 34 MB',
    'Layers 10–20: 1 of 2',
    'Layers 10–20: begins',
    'Layers 10–20, chosen because nobody serves it',
    'Takes nothing more on, finishes 2 answers that run here',
  ]);
});

test('[PG22] nothing is lent: no step is current', () => {
  expect(stepsOf({kind: 'idle'}, {}).every(({state}) => state === 'ahead')).toBe(true);
});

const load = (step: 'weights' | 'graph', done: number, total: number): LendState => ({
  kind: 'loading',
  layers: LAYERS,
  why: '',
  step,
  done,
  total,
});

test('[PG26] the download goes on beside the build, and nothing that was begun is ahead again', () => {
  const way = [load('weights', 4, 5), load('graph', 1, 2), load('weights', 5, 5)];
  let parts = {};
  const states = way.map((state) => {
    parts = loadingPartsAfter(parts, state);
    return stepsOf(state, parts).map((step) => step.state);
  });
  expect(states.map((all) => all.slice(2, 5))).toEqual([
    ['current', 'ahead', 'ahead'],
    ['current', 'current', 'ahead'],
    ['current', 'current', 'ahead'],
  ]);
  expect(loadingPartsAfter(parts, {kind: 'idle'})).toEqual({});
});
