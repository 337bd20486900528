import type {NumberAutomata, NumberState} from '../numbers/number-automata.ts';
import type {NumberRange} from '../numbers/number-range.ts';
import {SCHEMA_LIMITS} from './check-size.ts';
import type {GrammarSchema} from './grammar-schema.ts';
import {schemaInvalid, schemaTooLarge, schemaUnsupported} from './schema-fault.ts';

type Fields = Readonly<Record<string, unknown>>;

/** No number of an answer is further from 0: beyond it, not all programs read decimals alike. */
const MOST_NUMBER = 1e15;
/** Digits behind the point, where the type is not "integer". */
const MOST_DECIMALS = 6;

export const BOUNDS = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
] as const;
type Numbers = {
  readonly automata: NumberAutomata;
  readonly states: Set<NumberState>;
  readonly pointer: string;
};
type Keyword = (typeof BOUNDS)[number];

/**
 * A number, between bounds where it has some.
 *
 * @param numbers automata of all numbers of the request, and the states of those of the schema: its grammar has each.
 * @throws {SchemaFault}
 */
export function readNumber(
  type: 'number' | 'integer',
  fields: Fields,
  numbers: Numbers,
): GrammarSchema {
  const {pointer} = numbers;
  const given = (keyword: Keyword) => {
    const value = fields[keyword];
    if (value === undefined) return null;
    if (typeof value === 'number') return value;
    throw schemaInvalid(pointer, `has a "${keyword}" that is not a number`);
  };
  const least = (keyword: Keyword) => beyond(given(keyword), (value) => value <= -MOST_NUMBER);
  const most = (keyword: Keyword) => beyond(given(keyword), (value) => value >= MOST_NUMBER);
  const multipleOf = given('multipleOf');
  const bounds = {
    minimum: least('minimum'),
    above: least('exclusiveMinimum'),
    maximum: most('maximum'),
    below: most('exclusiveMaximum'),
  };
  if (BOUNDS.every((keyword) => fields[keyword] === undefined)) return {type};
  checkMultiple(multipleOf, pointer);
  const isWhole = type === 'integer' || multipleOf !== null;
  const decimals = isWhole ? 0 : decimalsOf(bounds, pointer);
  const range = {decimals, multipleOf: multipleOf ?? 1, ...endsOf(bounds, decimals)};
  checkRange(range, numbers);
  return {range};
}

/** A bound that no number of an answer reaches is none. */
function beyond(value: number | null, isBeyond: (value: number) => boolean): number | null {
  return value === null || isBeyond(value) ? null : value;
}

type Bounds = Readonly<Record<'minimum' | 'above' | 'maximum' | 'below', number | null>>;

function checkMultiple(multipleOf: number | null, pointer: string): void {
  if (multipleOf === null || (multipleOf > 0 && Number.isInteger(multipleOf))) return;
  // Programs differ in which decimals they take for multiples of another.
  const fault = multipleOf > 0 ? schemaUnsupported : schemaInvalid;
  throw fault(
    pointer,
    'has a "multipleOf" that is not a whole number from 1: that is not followed',
  );
}

/** As many as bounds leave room for among the digits that every program reads exactly. */
function decimalsOf(bounds: Bounds, pointer: string): number {
  const given = Object.values(bounds).filter((value) => value !== null);
  for (let decimals = MOST_DECIMALS; decimals >= 0; decimals -= 1) {
    const parts = 10 ** decimals;
    const isExact = given.every(
      (value) =>
        Math.abs(value) * parts <= MOST_NUMBER && Math.round(value * parts) / parts === value,
    );
    if (isExact) return decimals;
  }
  throw schemaUnsupported(
    pointer,
    `has bounds with more digits than are followed: ${MOST_DECIMALS} behind the point, and 15 in all`,
  );
}

/** In units of the last decimal. */
function endsOf(
  {minimum, above, maximum, below}: Bounds,
  decimals: number,
): Pick<NumberRange, 'least' | 'most'> {
  const parts = 10 ** decimals;
  const furthest = MOST_NUMBER * parts;
  // A product with a power of ten may be a little off; without decimals, bounds keep theirs.
  const unitsOf = (bound: number) => (decimals === 0 ? bound : Math.round(bound * parts));
  return {
    least: Math.max(
      minimum === null ? -furthest : Math.ceil(unitsOf(minimum)),
      above === null ? -furthest : Math.floor(unitsOf(above)) + 1,
    ),
    most: Math.min(
      maximum === null ? furthest : Math.floor(unitsOf(maximum)),
      below === null ? furthest : Math.ceil(unitsOf(below)) - 1,
    ),
  };
}

function checkRange(range: NumberRange, {automata, states, pointer}: Numbers): void {
  const {least, decimals} = range;
  const first = least > range.most ? null : automata.first(range);
  if (first === null) {
    const which = decimals === 0 ? 'whole number' : `number of up to ${decimals} decimals`;
    throw schemaInvalid(pointer, `has bounds between which there is no ${which} up to 10^15`);
  }
  const most = SCHEMA_LIMITS.numberStates;
  const open = [first];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (states.has(state)) continue;
    states.add(state);
    if (states.size > most) {
      throw schemaTooLarge('', `counts more than ${most} digits by bounds and "multipleOf"`);
    }
    open.push(...state.next.map((step) => step.state));
  }
}
