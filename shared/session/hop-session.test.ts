import {expect, test} from 'vitest';
import {stepHop, type HopState} from './hop-session.ts';

const open: HopState = {kind: 'open', epoch: 1, kvTokensReserved: 4, nextPosition: 0};

test('[HS1] frames in order run and move the position on', () => {
  const first = stepHop(open, {kind: 'frame', epoch: 1, position: 0, tokenCount: 3});
  expect(first.actions).toEqual([{kind: 'run-layers', position: 0, tokenCount: 3}]);
  const second = stepHop(first.state, {kind: 'frame', epoch: 1, position: 3, tokenCount: 1});
  expect(second.actions).toEqual([{kind: 'run-layers', position: 3, tokenCount: 1}]);
});

test.each([1, 5])('[HS2] a frame at position %i instead of the next one is refused', (position) => {
  const {state, actions} = stepHop(open, {kind: 'frame', epoch: 1, position, tokenCount: 1});
  expect(state).toBe(open);
  expect(actions).toEqual([{kind: 'refuse', code: 'OUT_OF_ORDER'}]);
});

test('[HS3] a frame of a lower epoch is dropped without a word, one of a higher epoch is refused', () => {
  const late = stepHop(open, {kind: 'frame', epoch: 0, position: 0, tokenCount: 1});
  expect(late).toEqual({state: open, actions: []});
  const early = stepHop(open, {kind: 'frame', epoch: 2, position: 0, tokenCount: 1});
  expect(early.actions).toEqual([{kind: 'refuse', code: 'OUT_OF_ORDER'}]);
});

test('[HS4] a frame past the reserved cache is refused and changes nothing', () => {
  const {state, actions} = stepHop(open, {kind: 'frame', epoch: 1, position: 0, tokenCount: 5});
  expect(state).toBe(open);
  expect(actions).toEqual([{kind: 'refuse', code: 'KV_FULL'}]);
});

test('[HS5] a new epoch may go back to a position that the cache holds, never beyond it', () => {
  const {state} = stepHop(open, {kind: 'frame', epoch: 1, position: 0, tokenCount: 3});
  const back = stepHop(state, {kind: 'truncate', epoch: 2, position: 2});
  expect(back.actions).toEqual([{kind: 'truncate-kv', position: 2}]);
  const next = stepHop(back.state, {kind: 'frame', epoch: 2, position: 2, tokenCount: 1});
  expect(next.actions).toEqual([{kind: 'run-layers', position: 2, tokenCount: 1}]);
  const ahead = stepHop(state, {kind: 'truncate', epoch: 2, position: 4});
  expect(ahead.actions).toEqual([{kind: 'refuse', code: 'OUT_OF_ORDER'}]);
});

test('[HS6] closing frees the cache once; frames after it are refused', () => {
  const closed = stepHop(open, {kind: 'close'});
  expect(closed.actions).toEqual([{kind: 'free-kv'}]);
  expect(stepHop(closed.state, {kind: 'close'}).actions).toEqual([]);
  const late = stepHop(closed.state, {kind: 'frame', epoch: 1, position: 0, tokenCount: 1});
  expect(late.actions).toEqual([{kind: 'refuse', code: 'UNKNOWN_SESSION'}]);
});
