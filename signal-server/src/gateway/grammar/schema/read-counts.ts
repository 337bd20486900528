import {SCHEMA_LIMITS} from './check-size.ts';
import {schemaInvalid, schemaTooLarge} from './schema-fault.ts';

/** Two counts, the least and the most. @throws {SchemaFault} */
export function countsOf<Keyword extends string>(
  fields: Readonly<Record<string, unknown>>,
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
