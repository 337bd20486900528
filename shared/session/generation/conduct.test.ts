import {expect, test} from 'vitest';
import {
  A,
  B,
  C,
  chain,
  ending,
  refused,
  reportsOf,
  tokens,
  TWO_SHOWN,
} from './testing/generation-script.ts';

test('[GN14] every hop of the chain that gave the last token is reported as having finished', () => {
  const finished = ['a: finished', 'b: finished', 'c: finished'];
  expect(reportsOf(ending, ...TWO_SHOWN, tokens(0, 7, 99))).toEqual(finished);
});

test('[GN14] a hop that refuses, is gone or breaks the wire format is reported', () => {
  const opened = [chain(A, B, C)];
  expect(reportsOf(ending, ...opened, refused(0, 'KV_FULL', A.peerId))).toEqual(['a: refused']);
  const gone = {kind: 'link-lost', peerId: C.peerId} as const;
  expect(reportsOf(ending, ...opened, gone)).toEqual(['c: left']);
  expect(reportsOf(ending, ...TWO_SHOWN, gone)).toEqual(['c: left']);
  expect(reportsOf(ending, ...opened, tokens(0, 5, 21))).toEqual(['c: lied']);
});

test('[GN14] where nobody in particular is to blame, every hop is reported, and none for certain', () => {
  const late = {kind: 'tick', nowMs: 60_000} as const;
  const silent = ['a: silent?', 'b: silent?', 'c: silent?'];
  expect(reportsOf(ending, chain(A, B, C), late)).toEqual(silent);
});
