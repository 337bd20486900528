import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {planReplay} from '../plan-replay.ts';

test.each([
  ['a new chain gets the whole list', [0, 0, 0], [0, 0, 0], [], ['0-4', '4-7']],
  ['a new hop gets what the hop in front kept', [6, 0, 6], [6, 0, 6], ['0 from 0'], ['6-7']],
  ['new hops side by side get it through each other', [6, 0, 0], [6, 0, 0], ['0 from 0'], ['6-7']],
  ['a new head gets the list', [0, 6], [0, 6], [], ['0-4', '4-7']],
  ['new hops apart each get it', [0, 6, 0], [0, 6, 0], ['1 from 0'], ['0-4', '4-7']],
  ['half a cache is half the work', [6, 3, 6], [6, 6, 6], ['0 from 3'], ['6-7']],
  ['a hop hears that the next one lost its cache', [0, 0], [0, 6], ['0 from 0'], ['0-4', '4-7']],
])('[GN6] %s', (_, inputFrom, warmPositions, asks, pieces) => {
  const replay = planReplay({inputFrom, warmPositions, tokenCount: 7, pieceTokens: 4});
  expect(replay.asks.map(({hopIndex, position}) => `${hopIndex} from ${position}`)).toEqual(asks);
  expect(replay.pieces.map(({from, to}) => `${from}-${to}`)).toEqual(pieces);
});

test('[GN6] whatever the hops hold, each gets every position that it lacks, once and in order', () => {
  const some = fc.integer({min: 1, max: 20}).chain((tokenCount) =>
    fc.record({
      tokenCount: fc.constant(tokenCount),
      pieceTokens: fc.integer({min: 1, max: 6}),
      hops: fc.array(
        fc.record({believed: fc.nat(tokenCount - 1), lost: fc.constantFrom(0, 0, 1, tokenCount)}),
        {minLength: 1, maxLength: 5},
      ),
    }),
  );
  fc.assert(
    fc.property(some, ({hops, tokenCount, pieceTokens}) => {
      const warmPositions = hops.map(({believed}) => believed);
      const inputFrom = hops.map(({believed, lost}) => Math.max(0, believed - lost));
      const held = [...inputFrom];
      const sendFrom = warmPositions.slice(1);
      /** Hop `at` gets positions `[from, to)`, and passes on what it believes the next one to lack. */
      const receive = (at: number, from: number, to: number): void => {
        const first = at === 0 ? from : Math.max(from, sendFrom[at - 1] ?? 0);
        if (at === held.length || first >= to) return;
        expect(first).toBe(held[at]);
        held[at] = to;
        receive(at + 1, first, to);
      };
      const {asks, pieces} = planReplay({inputFrom, warmPositions, tokenCount, pieceTokens});
      for (const {hopIndex, position} of asks) {
        sendFrom[hopIndex] = position;
        receive(hopIndex + 1, position, held[hopIndex] ?? 0);
      }
      for (const {from, to} of pieces) receive(0, from, to);
      expect(held).toEqual(hops.map(() => tokenCount));
    }),
    {numRuns: 2_000},
  );
});
