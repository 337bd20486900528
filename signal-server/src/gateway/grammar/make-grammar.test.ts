import {expect, test} from 'vitest';
import {loadXGrammar} from './load-xgrammar.ts';
import type {TextLength} from './texts/text-length.ts';
import {makeGrammar} from './make-grammar.ts';
import {NUMBER_RANGES, ODD_NUMBERS, hasUnits, textsOf, unitsNear} from './testing/number-ranges.ts';

const {Testings} = await loadXGrammar();

const LENGTHS: readonly TextLength[] = [
  {least: 0, most: 0},
  {least: 0, most: 3},
  {least: 2, most: 4},
  {least: 0, most: 31},
  {least: 31, most: 33},
  {least: 32, most: null},
  {least: 40, most: 100},
  {least: 0, most: 96},
  {least: 65, most: 65},
];
/** Of one byte, of several, and as escapes. */
const CHARACTERS = ['a', '☃', '🧵', '\\n', '\\"'];

test.each(LENGTHS)(
  '[SO1] a text has so many characters, and not one more or less: %o',
  async (length) => {
    const grammar = await makeGrammar({kind: 'json', schema: {length}});
    const accepts = async (text: string) => await Testings.isGrammarAcceptString(grammar, text);
    const wrong: number[] = [];
    for (let count = 0; count <= 130; count += 1) {
      const text = Array.from({length: count}, (_, at) => CHARACTERS[at % CHARACTERS.length]);
      const isMeant = count >= length.least && count <= (length.most ?? Infinity);
      if ((await accepts(`"${text.join('')}"`)) !== isMeant) wrong.push(count);
    }
    expect(wrong).toEqual([]);
    const odd = ['\u0000', '\n', '"', '\\', '\\x'].map((each) => `"aaa${each}"`);
    for (const text of [...odd, 'aaa', '"aaa', '']) expect(await accepts(text)).toBe(false);
    grammar.dispose();
  },
);

/** Some milliseconds a number; those of the automata have many more. */
const RANGES = NUMBER_RANGES.filter((_, at) => at % 3 === 1);

test.each(RANGES)(
  '[SO7] the grammar library accepts a number exactly where it is between the bounds: %o',
  async (range) => {
    const schema = {type: 'array', items: {range}, minItems: 1, maxItems: 1} as const;
    const grammar = await makeGrammar({kind: 'json', schema});
    const accepts = async (text: string) =>
      await Testings.isGrammarAcceptString(grammar, `[${text}]`);
    const wrong: string[] = [];
    for (const units of unitsNear(range, 12n)) {
      for (const text of textsOf(units, range.decimals)) {
        if ((await accepts(text)) !== hasUnits(range, units)) wrong.push(text);
      }
    }
    for (const text of ODD_NUMBERS) if (await accepts(text)) wrong.push(text);
    expect(wrong).toEqual([]);
    grammar.dispose();
  },
);

const NINES = '9'.repeat(19);
const WHOLE = ['0', '-1', NINES, `-${NINES}`];
const DECIMAL = ['0.5', '-0.25', '1e5', '2E-07', `${NINES}.${NINES}e+99`];
/** Infinite where they are read, or of no form that JSON has. */
const NO_NUMBERS = [`${NINES}9`, '1e100', '1e-100', '01', '1.', '.5', '+1', '1e', '-', ''];

test.each([
  ['number', {type: 'number'}, [...WHOLE, ...DECIMAL, '-0'], NO_NUMBERS],
  ['integer', {type: 'integer'}, WHOLE, [...NO_NUMBERS, ...DECIMAL]],
  ['any value', {}, [...WHOLE, ...DECIMAL], NO_NUMBERS],
] as const)(
  '[SO7] a number that nothing bounds is finite wherever it is read: %s',
  async (_, schema, right, wrong) => {
    const grammar = await makeGrammar({kind: 'json', schema});
    const accepted: string[] = [];
    for (const text of [...right, ...wrong]) {
      if (await Testings.isGrammarAcceptString(grammar, text)) accepted.push(text);
    }
    expect(accepted).toEqual(right);
    expect(accepted.map(Number).every(Number.isFinite)).toBe(true);
    grammar.dispose();
  },
);
