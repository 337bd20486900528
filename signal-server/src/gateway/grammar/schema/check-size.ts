import {schemaTooLarge} from './schema-fault.ts';

/** What a grammar is made of in some milliseconds, and more than any form that people fill in has. */
export const SCHEMA_LIMITS = {
  /** Values in each other, in the schema as JSON. */
  depth: 24,
  /** Values of any kind, in the schema as JSON. */
  values: 2_000,
  /** Characters of all names and texts. */
  characters: 32_000,
  /** Values of all enumerations. */
  enumValues: 500,
  /** Of one array, and characters of one text, where the schema gives a number. */
  items: 1_000,
  /** Characters that all texts count in their patterns: the grammar has a state for each. */
  counted: 512,
  /** Of the automata of all numbers: bounds have a few for each of their digits, and multiples as many as remainders. */
  numberStates: 512,
} as const;

type Entry = {readonly value: unknown; readonly pointer: string; readonly depth: number};

/**
 * Looks how large a schema is, before anything goes through it by recursion. O(values), and no more of them than are
 * allowed.
 *
 * @throws {SchemaFault} when it is too large.
 */
export function checkSize(schema: unknown): void {
  const open: Entry[] = [{value: schema, pointer: '', depth: 1}];
  let values = 0;
  let characters = 0;
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    const {value, pointer, depth} = entry;
    values += 1;
    if (depth > SCHEMA_LIMITS.depth) {
      throw schemaTooLarge('', `is nested deeper than ${SCHEMA_LIMITS.depth} levels`);
    }
    if (typeof value === 'string') characters += value.length;
    if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        if (!Array.isArray(value)) characters += name.length;
        open.push({value: inner, pointer: `${pointer}/${name}`, depth: depth + 1});
        if (values + open.length > SCHEMA_LIMITS.values) {
          throw schemaTooLarge('', `has more than ${SCHEMA_LIMITS.values} values`);
        }
      }
    }
    if (characters > SCHEMA_LIMITS.characters) {
      throw schemaTooLarge('', `has more than ${SCHEMA_LIMITS.characters} characters`);
    }
  }
}
