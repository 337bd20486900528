import {expect, test} from 'vitest';
import {tinySpec} from '#shared/testing/tiny-spec.ts';
import {WINDOW_SPARE_TOKENS} from './layer-kind.ts';
import {kvTokensBeside} from './session-kv.ts';

const KEPT = 64 + WINDOW_SPARE_TOKENS;
/** Every third of six layers sees all. */
const SPEC = tinySpec({layerCount: 6, window: {tokens: 64, globalEvery: 3}});
const ALL = {startLayer: 0, endLayer: 6};
const kvTokens = 10 * KEPT;

test('[LC5] a long session takes no more of a layer with a window than that and what it may go back', () => {
  const beside = (...others: readonly number[]) => kvTokensBeside(SPEC, ALL, {kvTokens, others});
  expect(beside()).toBe(kvTokens);
  // Of 60 parts it takes 2 × 10 + 4; the next is as long.
  expect(beside(kvTokens)).toBe(kvTokens);
  // What is left is 60 − 2 × 24 parts: one in each window, and the rest halved.
  expect(beside(kvTokens, kvTokens)).toBe(4 * KEPT);
  expect(beside(kvTokens, kvTokens, 4 * KEPT)).toBe(0);
  // Short ones are within the windows all along.
  expect(beside(...Array.from({length: 9}, () => KEPT))).toBe(KEPT);
  expect(beside(...Array.from({length: 9}, () => KEPT), 1)).toBe(KEPT - 1);
});

test('[LC5] where all layers have windows what is left of the windows counts, and where none has the tokens', () => {
  const windows = {startLayer: 0, endLayer: 2};
  const nine = Array.from({length: 9}, () => kvTokens);
  expect(kvTokensBeside(SPEC, windows, {kvTokens, others: nine})).toBe(kvTokens);
  expect(kvTokensBeside(SPEC, windows, {kvTokens, others: [...nine, 1]})).toBe(KEPT - 1);
  expect(kvTokensBeside(tinySpec(), ALL, {kvTokens: 50, others: [30, 13]})).toBe(7);
  expect(kvTokensBeside(tinySpec(), ALL, {kvTokens: 50, others: [30, 30]})).toBe(0);
});
