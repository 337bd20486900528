import {expect, test} from 'vitest';
import type {LendState} from '../../ports/lend-service.ts';
import type {TabEvent} from '../../ports/tab-event.ts';
import {servingState} from '../../ports/testing/serving-state.ts';
import {watchLending} from './watch-lending.ts';

const layers = {startLayer: 10, endLayer: 20};
const why = 'nobody holds them';
const serving = servingState(layers, {why, engine: 'stub'});

/** What is heard of a tab that goes through these states. */
function heardOf(states: readonly LendState[]): readonly TabEvent[] {
  const events: TabEvent[] = [];
  const subscribe = (listener: (state: LendState) => void) => {
    for (const state of states) listener(state);
    return () => undefined;
  };
  watchLending({subscribe}, (event) => events.push(event));
  return events;
}

test('[TE1] one event for each change of what a tab lends, and none for its figures', () => {
  const events = heardOf([
    {kind: 'idle'},
    {kind: 'joining'},
    {kind: 'waiting', why},
    {kind: 'claiming', layers, why},
    {kind: 'loading', layers, why, step: 'weights', done: 0, total: 8},
    {kind: 'loading', layers, why, step: 'weights', done: 8, total: 8},
    serving,
    {...serving, openSessions: 1, servedTokens: 7},
    {kind: 'restarting', why: 'it crashed', note: ''},
    {kind: 'loading', layers: {startLayer: 0, endLayer: 10}, why, step: 'graph', done: 0, total: 1},
    {...serving, layers: {startLayer: 0, endLayer: 10}},
    {kind: 'leaving', layers, openSessions: 1},
    {kind: 'leaving', layers, openSessions: 0},
    {kind: 'idle'},
  ]);
  expect(events).toEqual([
    {event: 'claimed', ...layers, why},
    {event: 'loading', ...layers},
    {event: 'serving', ...layers, engine: 'stub'},
    {event: 'engine-lost', message: 'it crashed'},
    {event: 'loading', startLayer: 0, endLayer: 10},
    {event: 'serving', startLayer: 0, endLayer: 10, engine: 'stub'},
    {event: 'leaving', ...layers, openSessions: 1},
    {event: 'left'},
  ]);
});

test('[TE1] a tab without layers, and one that has given up', () => {
  const failed = {code: 'DISK_FULL', message: 'There is no room'};
  expect(
    heardOf([
      {kind: 'spare', why},
      {kind: 'failed', ...failed},
    ]),
  ).toEqual([{event: 'spare'}, {event: 'failed', ...failed}]);
});
