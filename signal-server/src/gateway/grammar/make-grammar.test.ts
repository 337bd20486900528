import {expect, test} from 'vitest';
import {loadXGrammar} from './load-xgrammar.ts';
import {makeGrammar} from './make-grammar.ts';
import {NUMBER_RANGES, ODD_NUMBERS, hasUnits, textsOf, unitsNear} from './testing/number-ranges.ts';

const {Testings} = await loadXGrammar();

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
