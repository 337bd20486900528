import {expect, test} from 'vitest';
import {
  NUMBER_RANGES,
  ODD_NUMBERS,
  hasUnits,
  textsOf,
  unitsNear,
} from '../testing/number-ranges.ts';
import {NumberAutomata, type NumberState} from './number-automata.ts';

function accepts(first: NumberState | null, text: string): boolean {
  let state = first;
  for (const character of text) {
    state = state?.next.find(({characters}) => characters.includes(character))?.state ?? null;
  }
  return state?.isEnd === true;
}

test.each(NUMBER_RANGES)(
  '[SO7] a number is accepted exactly where it is between the bounds: %o',
  (range) => {
    const first = new NumberAutomata().first(range);
    const wrong: string[] = [];
    let right = 0;
    for (const units of unitsNear(range, 1_200n)) {
      for (const text of textsOf(units, range.decimals)) {
        if (accepts(first, text) !== hasUnits(range, units)) wrong.push(text);
        else if (hasUnits(range, units)) right += 1;
      }
    }
    expect(wrong).toEqual([]);
    expect(right).toBeGreaterThan(0);
    expect(ODD_NUMBERS.filter((text) => accepts(first, text))).toEqual([]);
    const oneMore = `0.${'0'.repeat(range.decimals + 1)}`;
    expect(accepts(first, oneMore)).toBe(false);
  },
);

test('[SO7] no two ways on begin alike, and what goes on alike is one state', () => {
  const automata = new NumberAutomata();
  for (const range of NUMBER_RANGES) automata.first(range);
  const {states} = automata;
  const ways = states.map(({next}) => next.map(({characters}) => characters).join(''));
  expect(ways.filter((way) => new Set(way).size < way.length)).toEqual([]);
  const known = states.map(({isEnd, next}) =>
    JSON.stringify([isEnd, next.map(({characters, state}) => [characters, state.id])]),
  );
  expect(new Set(known).size).toBe(states.length);
});

test('[SO7] a range without a number has no state, and whoever counts its places may end it', () => {
  let places = 0;
  const automata = new NumberAutomata(() => {
    places += 1;
    if (places > 1_000) throw new RangeError('Too many places');
  });
  expect(automata.first({decimals: 0, least: 1, most: 6, multipleOf: 7})).toBeNull();
  const long = {decimals: 0, least: 0, most: 1e15, multipleOf: 999_983};
  expect(() => automata.first(long)).toThrow(RangeError);
});
