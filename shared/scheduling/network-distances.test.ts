import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {asPeerId} from '#shared/ids.ts';
import {networkDistances, pairRttMs} from './network-distances.ts';

const ids = ['a', 'b', 'c'].map(asPeerId);
const ms = fc.oneof(fc.integer({min: -1, max: 200}), fc.constant(Number.NaN));
const place = fc.record({
  rtts: fc.uniqueArray(fc.record({peerId: fc.constantFrom(...ids), rttMs: ms}), {
    selector: ({peerId}) => peerId,
  }),
  coords: fc.option(
    fc.record({
      at: fc.array(fc.integer({min: -90, max: 90}), {minLength: 1, maxLength: 2}),
      heightMs: fc.integer({min: 0, max: 9}),
      errorMs: fc.constant(0),
    }),
  ),
  unreachable: fc.subarray(ids, {maxLength: 1}),
});

test('[ND1] one pair and the table of all say the same', () => {
  const places = fc.tuple(place, place, place);
  fc.assert(
    fc.property(places, (drawn) => {
      const nodes = drawn.map((facts, at) => ({...facts, nodeId: ids[at] ?? asPeerId('')}));
      const indexOf = new Map(nodes.map(({nodeId}, at) => [nodeId, at]));
      const rttMs = networkDistances(nodes, indexOf);
      for (const [a, from] of nodes.entries()) {
        for (const [b, to] of nodes.entries()) expect(pairRttMs(from, to)).toBe(rttMs(a, b));
      }
    }),
  );
});

const at = (nodeId: string, more: object) => {
  return {nodeId: asPeerId(nodeId), rtts: [], coords: null, unreachable: [], ...more};
};
const coords = (x: number) => ({coords: {at: [x], heightMs: 1, errorMs: 0}});
const knows = (peerId: string, rttMs: number) => ({rtts: [{peerId: asPeerId(peerId), rttMs}]});

test('[ND1] measured by both, by one, by places, by nobody', () => {
  expect(pairRttMs(at('a', knows('b', 10)), at('b', knows('a', 20)))).toBe(15);
  expect(pairRttMs(at('a', {...coords(0), ...knows('b', 10)}), at('b', coords(50)))).toBe(10);
  expect(pairRttMs(at('a', coords(0)), at('b', coords(50)))).toBe(52);
  expect(pairRttMs(at('a', {}), at('b', coords(50)))).toBe(100);
  expect(pairRttMs(at('a', {unreachable: [asPeerId('b')]}), at('b', {}))).toBe(Infinity);
});
