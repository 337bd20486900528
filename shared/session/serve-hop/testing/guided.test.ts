import {expect, test} from 'vitest';
import {asSessionId} from '#shared/base/ids.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import {addToken, emptyMask, encodeTokenMask, tokensOf} from '#shared/protocol/frame/token-mask.ts';
import {
  CLIENT,
  failed,
  HEAD,
  MiddleHop,
  MID,
  opening,
  OTHER,
  replies,
  SESSION,
  VOCABULARY_SIZE,
} from './middle-hop.ts';

/** The tail of two hops, whose client guides it. */
function guidedTail(): MiddleHop {
  const bench = new MiddleHop();
  const [head, own] = opening().hops;
  const hops = [
    {...head, peerId: HEAD, startLayer: 0, endLayer: 2, warmPosition: 0},
    {...own, peerId: MID, startLayer: 2, endLayer: 6, warmPosition: 0},
  ];
  bench.open(opening({hops, sampling: {...opening().sampling, guided: true}}));
  return bench;
}

function mask(tokenIds: readonly number[]): Partial<Frame> {
  const allowed = emptyMask(VOCABULARY_SIZE);
  for (const tokenId of tokenIds) addToken(allowed, tokenId);
  return {kind: 'mask', ...encodeTokenMask(allowed)};
}

/** What the engine is given now, with what may come of it. */
function turnsOf(bench: MiddleHop) {
  return bench.machine.take(8).map((turn) => {
    bench.machine.release(turn);
    const {position, tokenCount} = turn.frame;
    return {position, tokenCount, allowed: turn.allowed && tokensOf(turn.allowed)};
  });
}

test('[HS23] what is to be sampled waits for its mask, whichever of both comes first; the rest of the prompt does not', () => {
  const bench = guidedTail();
  bench.frame(0, {tokenCount: 2});
  expect(turnsOf(bench)).toEqual([{position: 0, tokenCount: 2, allowed: null}]);
  bench.frame(2, {tokenCount: 2, sample: true});
  expect(turnsOf(bench)).toEqual([]);
  expect(bench.machine.unguided(SESSION)).toMatchObject({position: 2, tokenCount: 2});
  bench.frame(4, {from: CLIENT, ...mask([7, 39])});
  expect(turnsOf(bench)).toEqual([{position: 2, tokenCount: 2, allowed: [7, 39]}]);
  bench.frame(5, {from: CLIENT, ...mask([1])});
  expect(turnsOf(bench)).toEqual([]);
  bench.frame(4, {sample: true});
  expect(turnsOf(bench)).toEqual([{position: 4, tokenCount: 1, allowed: [1]}]);
});

test('[HS23] an answer that is not guided goes on while a guided one waits', () => {
  const bench = guidedTail();
  const other = asSessionId('00000000000000a0');
  bench.open(opening(), other);
  bench.frame(0, {tokenCount: 4, sample: true});
  bench.frame(0, {sessionId: other, tokenCount: 4});
  expect(turnsOf(bench)).toMatchObject([{allowed: null}]);
});

test('[HS23] a mask of anybody but the client, at a hop that does not sample, or of an answer that is not guided, is dropped', () => {
  const bench = guidedTail();
  bench.frame(0, {tokenCount: 4, sample: true});
  bench.frame(4, {from: OTHER, ...mask([7])});
  bench.frame(4, {from: HEAD, ...mask([7])});
  expect(turnsOf(bench)).toEqual([]);
  const plain = new MiddleHop();
  plain.open(opening());
  expect(plain.frame(4, {from: CLIENT, ...mask([7])})).toEqual([]);
  expect(bench.machine.load.refusals.get('MISADDRESSED')).toBe(2);
  expect(plain.machine.load.refusals.get('MISADDRESSED')).toBe(1);
});

test.each([
  ['OUT_OF_ORDER', 'of another position than the one that waits', {position: 5, ...mask([7])}],
  ['OUT_OF_ORDER', 'of a later epoch', {epoch: 1, ...mask([7])}],
  [
    'BAD_PAYLOAD',
    'that names a token that there is not',
    {...mask([7]), payload: Uint8Array.of(40, 0, 0, 0)},
  ],
])('[HS23] ends the session with %s: a mask %s', (code, _, changes) => {
  const bench = guidedTail();
  bench.frame(0, {tokenCount: 4, sample: true});
  const actions = bench.frame(4, {from: CLIENT, ...changes});
  expect(replies(actions)).toContainEqual({to: HEAD, ...failed(code)});
});

test('[HS23] a position is allowed once, and a token is waited for before the next comes', () => {
  const twice = guidedTail();
  twice.frame(4, {from: CLIENT, ...mask([7])});
  const again = twice.frame(4, {from: CLIENT, ...mask([8])});
  expect(replies(again)).toContainEqual({to: HEAD, ...failed('OUT_OF_ORDER')});
  const early = guidedTail();
  early.frame(0, {tokenCount: 4, sample: true});
  const ahead = early.frame(4, {sample: true});
  expect(replies(ahead)).toContainEqual({to: HEAD, ...failed('OUT_OF_ORDER', 0)});
});

test('[HS23] in a new epoch the mask comes again, and one of before is dropped', () => {
  const bench = guidedTail();
  bench.frame(0, {tokenCount: 4, sample: true});
  bench.hear({kind: 'truncate', epoch: 1, position: 0}, {from: CLIENT, epoch: 1});
  expect(bench.frame(4, {from: CLIENT, ...mask([7])})).toEqual([]);
  bench.frame(0, {epoch: 1, tokenCount: 4, sample: true});
  expect(turnsOf(bench)).toEqual([]);
  bench.frame(4, {epoch: 1, from: CLIENT, ...mask([8])});
  expect(turnsOf(bench)).toEqual([{position: 0, tokenCount: 4, allowed: [8]}]);
});
