import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {Heap} from './heap.ts';
import {mergeSymbols} from './merge-symbols.ts';

const LETTERS = ['a', 'b', 'c'];

const FIXED = new Map([
  ['ab', 1],
  ['bc', 0],
  ['aa', 2],
  ['aaa', 3],
]);
const rankOfFixed = (left: string, right: string) => FIXED.get(left + right) ?? null;

/** A rank for some pairs, by what they merge to. */
const ranks = fc
  .dictionary(
    fc.string({unit: fc.constantFrom(...LETTERS), minLength: 2, maxLength: 4}),
    fc.nat({max: 5}),
  )
  .map((dictionary) => new Map(Object.entries(dictionary)));
const symbols = fc.array(fc.constantFrom(...LETTERS), {maxLength: 20});

test('[MD19] the pair of the least rank merges first, of those the leftmost', () => {
  expect(mergeSymbols(Array.from('abc'), rankOfFixed)).toEqual(['a', 'bc']);
  expect(mergeSymbols(Array.from('aaaaa'), rankOfFixed)).toEqual(['aa', 'aaa']);
  expect(mergeSymbols([], rankOfFixed)).toEqual([]);
});

test('[MD19] merges are those that looking for the best pair each time would make', () => {
  fc.assert(
    fc.property(symbols, ranks, (start, rankByText) => {
      const rankOf = (left: string, right: string) => rankByText.get(left + right) ?? null;
      const texts = [...start];
      for (;;) {
        const pairs = texts.slice(1).flatMap((right, left) => {
          const rank = rankOf(texts[left] ?? '', right);
          return rank === null ? [] : [{rank, left}];
        });
        const best = pairs.toSorted((a, b) => a.rank - b.rank || a.left - b.left)[0];
        if (!best) break;
        texts.splice(best.left, 2, `${texts[best.left]}${texts[best.left + 1]}`);
      }
      expect(mergeSymbols(start, rankOf)).toEqual(texts);
    }),
  );
});

test('[MD19] a heap gives back what it was given, the least first', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (numbers) => {
      const heap = new Heap<number>((a, b) => a - b);
      for (const number of numbers) heap.push(number);
      expect(numbers.map(() => heap.pop())).toEqual(numbers.toSorted((a, b) => a - b));
      expect(heap.pop()).toBeUndefined();
    }),
  );
});
