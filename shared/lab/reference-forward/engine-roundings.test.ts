import {expect, test} from 'vitest';
import {EngineRoundings} from './engine-roundings.ts';

/** A step of f16 from 1 to 2. */
const STEP = 2 ** -10;
const MIDDLE = 1 + STEP / 2;
const PLACE = {layer: 2, position: 1};

/** What crosses of a hidden state, whose engine has passed on `chosen`. */
function cross(hidden: readonly number[], chosen: readonly number[]) {
  // Of the token before there is another.
  const behind = new Map([[2, Float32Array.from([...chosen.map(() => 9), ...chosen])]]);
  const roundings = new EngineRoundings(behind);
  const crossed = [...roundings.crossing(Float64Array.from(hidden), PLACE)];
  return {roundings, crossed};
}

test('[OR2] in the middle of two f16 the reference follows the engine, and anywhere else not', () => {
  const hidden = [MIDDLE - 5e-6, MIDDLE + 5e-6, MIDDLE - 2e-5, -MIDDLE - 5e-6];
  const {roundings, crossed} = cross(hidden, [1 + STEP, 1, 1 + STEP, -1]);
  expect(crossed).toEqual([1 + STEP, 1, 1, -1]);
  expect(roundings).toMatchObject({crossed: 4, followed: 3, unexplained: 1});
});

test('[OR2] a number that is a step off where float32 can tell is not explained', () => {
  const {roundings, crossed} = cross([1, 1.5], [1 + STEP, 1.5]);
  expect(crossed).toEqual([1, 1.5]);
  expect(roundings).toMatchObject({followed: 0, unexplained: 1});
});

test('[OR2] what is tiny beside the rest may be off by steps of its own', () => {
  const {roundings, crossed} = cross([8, 1e-6, 1e-2], [8, 5e-6, 2e-2]);
  expect(crossed[1]).toBeCloseTo(5e-6, 7);
  expect(roundings).toMatchObject({crossed: 3, followed: 1, unexplained: 1});
});

test('[OR2] where the engine says nothing, the nearest f16 crosses', () => {
  const roundings = new EngineRoundings(new Map());
  expect([...roundings.crossing(Float64Array.of(MIDDLE + 1e-6), PLACE)]).toEqual([1 + STEP]);
  expect(roundings.crossed).toBe(0);
});
