import {SCHEMA_LIMITS} from './check-size.ts';
import type {GrammarSchema} from './grammar-schema.ts';
import {schemaInvalid, schemaTooLarge, schemaUnsupported} from './schema-fault.ts';

type Fields = Readonly<Record<string, unknown>>;

const MOST_NUMBER = 1e15;
type Bounds = Pick<
  Extract<GrammarSchema, {readonly type: 'number' | 'integer'}>,
  'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum'
>;

/**
 * Of bounds on one side the stronger is kept, those of whole numbers become whole, and a side without one gets the
 * largest: the library goes wrong where there is one side only, and where a bound has decimals.
 *
 * @throws {SchemaFault}
 */
export function readNumber(
  type: 'number' | 'integer',
  fields: Fields,
  pointer: string,
): GrammarSchema {
  const boundOf = (keyword: keyof Bounds, none: number) => {
    const value = fields[keyword];
    if (value === undefined) return none;
    if (typeof value !== 'number' || !(Math.abs(value) <= MOST_NUMBER)) {
      throw schemaInvalid(pointer, `has a "${keyword}" that is not a number from -10^15 to 10^15`);
    }
    if (type === 'integer' || Number.isInteger(value)) return value;
    throw schemaUnsupported(
      pointer,
      `has a "${keyword}" that is not a whole number: that is not followed`,
    );
  };
  const minimum = boundOf('minimum', -Infinity);
  const above = boundOf('exclusiveMinimum', -Infinity);
  const maximum = boundOf('maximum', Infinity);
  const below = boundOf('exclusiveMaximum', Infinity);
  if (Math.max(minimum, above) === -Infinity && Math.min(maximum, below) === Infinity)
    return {type};
  if (type === 'integer') {
    const least = Math.max(Math.ceil(minimum), Math.floor(above) + 1, -MOST_NUMBER);
    const most = Math.min(Math.floor(maximum), Math.ceil(below) - 1, MOST_NUMBER);
    if (least > most) throw nothingBetween(pointer);
    return {type, minimum: least, maximum: most};
  }
  const least = Math.max(minimum, above, -MOST_NUMBER);
  const most = Math.min(maximum, below, MOST_NUMBER);
  const [isAbove, isBelow] = [above === least, below === most];
  if (least > most || (least === most && (isAbove || isBelow))) throw nothingBetween(pointer);
  return {
    type,
    ...(isAbove ? {exclusiveMinimum: least} : {minimum: least}),
    ...(isBelow ? {exclusiveMaximum: most} : {maximum: most}),
  };
}

function nothingBetween(pointer: string): Error {
  return schemaInvalid(pointer, 'has bounds between which there is no number');
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
