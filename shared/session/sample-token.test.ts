import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {hashWords, keyedUniform} from './keyed-uniform.ts';
import {logprobsOf, sampleToken, type SamplingOptions} from './sample-token.ts';
import type {TopLogits} from './top-logits.ts';

const SAMPLING: SamplingOptions = {temperature: 1, topK: 0, topP: 1, seed: 7, position: 0};

/** Logits of a whole, normalised vocabulary with these probabilities; ids 10, 11, … */
function topOf(probabilities: readonly number[]): TopLogits {
  return {
    tokenIds: Uint32Array.from(probabilities, (_, at) => 10 + at),
    logits: Float32Array.from(probabilities, (p) => Math.log(p) + 3),
    logSumExp: 3,
  };
}

/** χ² of drawn counts against expected probabilities. */
function chiSquare(counts: ReadonlyMap<number, number>, probabilities: readonly number[]): number {
  const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
  return probabilities.reduce((sum, p, at) => {
    const expected = p * total;
    return sum + ((counts.get(10 + at) ?? 0) - expected) ** 2 / expected;
  }, 0);
}

function draw(top: TopLogits, options: SamplingOptions, positions: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (let position = 0; position < positions; position += 1) {
    const id = sampleToken(top, {...options, position});
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

// 99.9 % points of χ² with 4, 3 and 1 degrees of freedom.
const CHI_4 = 18.47;
const CHI_2 = 13.82;

test('[ST1] temperature 0 takes the likeliest, a tie goes to the lower id', () => {
  const top = {tokenIds: Uint32Array.of(9, 4, 6), logits: Float32Array.of(1, 2, 2), logSumExp: 3};
  expect(sampleToken(top, {...SAMPLING, temperature: 0})).toBe(4);
});

test.each([1, 20260, 2 ** 40 + 3])('[ST2] draws follow the probabilities (seed %d)', (seed) => {
  const probabilities = [0.4, 0.3, 0.15, 0.1, 0.05];
  const counts = draw(topOf(probabilities), {...SAMPLING, seed}, 20_000);
  expect(chiSquare(counts, probabilities)).toBeLessThan(CHI_4);
});

test('[ST3] a temperature of 0.5 squares the odds', () => {
  const squares = [0.5, 0.3, 0.2].map((p) => p * p);
  const sum = squares.reduce((a, b) => a + b);
  const counts = draw(topOf([0.5, 0.3, 0.2]), {...SAMPLING, temperature: 0.5}, 20_000);
  expect(
    chiSquare(
      counts,
      squares.map((p) => p / sum),
    ),
  ).toBeLessThan(CHI_2);
});

test('[ST4] seeds are independent of each other at one position', () => {
  const counts = new Map<number, number>();
  for (let seed = 0; seed < 20_000; seed += 1) {
    const id = sampleToken(topOf([0.5, 0.3, 0.2]), {...SAMPLING, seed, position: 17});
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  expect(chiSquare(counts, [0.5, 0.3, 0.2])).toBeLessThan(CHI_2);
});

test('[ST5] top-k and top-p keep exactly the tokens they name', () => {
  const top = topOf([0.4, 0.3, 0.2, 0.1]);
  const seen = (options: Partial<SamplingOptions>): number[] =>
    [...draw(top, {...SAMPLING, ...options}, 2000).keys()].toSorted((a, b) => a - b);
  expect(seen({topK: 2})).toEqual([10, 11]);
  expect(seen({topP: 0.65})).toEqual([10, 11]);
  expect(seen({topP: 0.75})).toEqual([10, 11, 12]);
  expect(seen({topP: 0})).toEqual([10]);
  expect(seen({topP: 0.95, topK: 1})).toEqual([10]);
  expect(seen({})).toEqual([10, 11, 12, 13]);
});

test('[ST6] the order in which logits arrive never matters', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat({max: 50_000}), {minLength: 1, maxLength: 40}),
      fc.infiniteStream(fc.integer({min: -8, max: 8})),
      fc.record({
        temperature: fc.double({min: 0.1, max: 3, noNaN: true}),
        topK: fc.integer({min: 0, max: 40}),
        topP: fc.double({min: 0, max: 1, noNaN: true}),
        seed: fc.maxSafeNat(),
      }),
      fc.nat({max: 8192}),
      (ids, stream, options, position) => {
        const logits = ids.map(() => stream.next().value / 2);
        const pairs = ids.map((id, at) => ({id, logit: logits[at] ?? 0}));
        const sampled = [pairs, pairs.toReversed()].map((list) =>
          sampleToken(
            {
              tokenIds: Uint32Array.from(list, ({id}) => id),
              logits: Float32Array.from(list, ({logit}) => logit),
              logSumExp: Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)),
            },
            {...options, position},
          ),
        );
        expect(sampled[0]).toBe(sampled[1]);
        expect(ids).toContain(sampled[0]);
      },
    ),
  );
});

test('[ST7] the draw is pinned: another hash, order or logarithm is another protocol', () => {
  const top = topOf([0.3, 0.25, 0.2, 0.15, 0.1]);
  const ids = Array.from({length: 12}, (_, position) => sampleToken(top, {...SAMPLING, position}));
  expect(ids).toMatchInlineSnapshot(`
    [
      10,
      12,
      10,
      12,
      10,
      10,
      11,
      10,
      14,
      10,
      12,
      12,
    ]
  `);
});

test('[ST8] the hash is MurmurHash3 x86 32', () => {
  expect(hashWords([], 0)).toBe(0);
  expect(hashWords([], 1)).toBe(0x514e28b7);
  expect(hashWords([0x87654321], 0)).toBe(0xf55b516b);
  expect(hashWords([0], 0)).toBe(0x2362f9de);
});

test('[ST9] uniform numbers stay inside (0, 1) and differ for keys that differ', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(), fc.nat(), (seed, position, tokenId) => {
      const uniform = keyedUniform({seed, position, tokenId});
      expect(uniform > 0 && uniform < 1).toBe(true);
      expect(keyedUniform({seed, position: position + 1, tokenId})).not.toBe(uniform);
    }),
  );
});

test('[ST10] log-probabilities are of the whole vocabulary, best first', () => {
  const [first, second] = logprobsOf(topOf([0.25, 0.5, 0.125]), 2);
  expect([first?.tokenId, second?.tokenId]).toEqual([11, 10]);
  expect(first?.logprob).toBeCloseTo(Math.log(0.5), 6);
  expect(logprobsOf(topOf([0.5]), 9)).toHaveLength(1);
});
