import {SCHEMA_LIMITS} from './check-size.ts';
import type {GrammarSchema} from './grammar-schema.ts';
import {schemaInvalid, schemaTooLarge, schemaUnsupported} from './schema-fault.ts';

type Fields = Readonly<Record<string, unknown>>;

const MOST_NUMBER = 1e15;
/** So many are written out one by one. */
const MOST_COUNTED = 256;
const MOST_DECIMALS = 2;

type Bound = 'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum';

/**
 * A number between bounds: each is written out where they are few, else only a whole number from 0 or 1 is followed. The
 * library goes wrong with other bounds, below 0 and of many digits.
 *
 * @throws {SchemaFault}
 */
export function readNumber(
  type: 'number' | 'integer',
  fields: Fields,
  pointer: string,
): GrammarSchema {
  const boundOf = (keyword: Bound, none: number) => {
    const value = fields[keyword];
    if (value === undefined) return none;
    if (typeof value === 'number' && Math.abs(value) <= MOST_NUMBER) return value;
    throw schemaInvalid(pointer, `has a "${keyword}" that is not a number from -10^15 to 10^15`);
  };
  const bounds = {
    minimum: boundOf('minimum', -Infinity),
    above: boundOf('exclusiveMinimum', -Infinity),
    maximum: boundOf('maximum', Infinity),
    below: boundOf('exclusiveMaximum', Infinity),
  };
  if (Object.values(bounds).every((bound) => !Number.isFinite(bound))) return {type};
  for (let decimals = type === 'integer' ? 0 : MOST_DECIMALS; decimals >= 0; decimals -= 1) {
    const counted = countBetween(bounds, decimals);
    if (counted !== null) return {enum: counted};
  }
  const {least, most} = endsOf(bounds, 1);
  if (least > most) throw schemaInvalid(pointer, 'has bounds between which there is no number');
  // Without an end, and from here, the library writes any digits.
  if ((least === 0 || least === 1) && most === Infinity) return {type: 'integer', minimum: least};
  throw schemaUnsupported(
    pointer,
    `has bounds with more than ${MOST_COUNTED} whole numbers between them, other than a "minimum" of 0 or 1: that is not followed`,
  );
}

type Bounds = {
  readonly minimum: number;
  readonly above: number;
  readonly maximum: number;
  readonly below: number;
};

/** The first and the last whole multiple of a part of 1. */
function endsOf({minimum, above, maximum, below}: Bounds, parts: number) {
  return {
    least: Math.max(Math.ceil(minimum * parts), Math.floor(above * parts) + 1),
    most: Math.min(Math.floor(maximum * parts), Math.ceil(below * parts) - 1),
  };
}

/** All numbers with so many decimals, or `null` where there are none or too many. */
function countBetween(bounds: Bounds, decimals: number): readonly number[] | null {
  const {minimum, above, maximum, below} = bounds;
  const parts = 10 ** decimals;
  const {least, most} = endsOf(bounds, parts);
  const count = most - least + 1;
  if (!(count >= 1 && count <= MOST_COUNTED)) return null;
  const values = Array.from({length: count}, (_, at) => (least + at) / parts).filter(
    (value) => value >= minimum && value > above && value <= maximum && value < below,
  );
  return values.length === 0 ? null : values;
}

/** Two counts, the least and the most. @throws {SchemaFault} */
export function countsOf<Keyword extends string>(
  fields: Fields,
  keywords: readonly [Keyword, Keyword],
  pointer: string,
): Partial<Record<Keyword, number>> {
  const counts: Partial<Record<Keyword, number>> = {};
  for (const keyword of keywords) {
    const value = fields[keyword];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
      throw schemaInvalid(pointer, `has a "${keyword}" that is not a whole number from 0`);
    }
    if (value > SCHEMA_LIMITS.items) {
      throw schemaTooLarge(pointer, `has a "${keyword}" of more than ${SCHEMA_LIMITS.items}`);
    }
    counts[keyword] = value;
  }
  const [least, most] = keywords.map((keyword) => counts[keyword]);
  if ((least ?? 0) > (most ?? Infinity)) {
    throw schemaInvalid(pointer, `has a "${keywords[0]}" of more than "${keywords[1]}"`);
  }
  return counts;
}
