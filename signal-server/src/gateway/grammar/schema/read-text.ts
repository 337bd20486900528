import {FORMATS, patternOfBoth, type Format} from '../patterns/own-patterns.ts';
import type {TextLength} from '../texts/text-length.ts';
import type {GrammarSchema} from './grammar-schema.ts';
import {countsOf} from './read-counts.ts';
import {readPattern} from './read-pattern.ts';
import type {ReadingWork} from './reading-work.ts';
import {schemaInvalid, schemaUnsupported} from './schema-fault.ts';

type Fields = Readonly<Record<string, unknown>>;
type Place = {
  readonly pointer: string;
  readonly work: ReadingWork;
  /** Takes how many characters a pattern counts. */
  readonly count: (characters: number) => void;
};

/**
 * A text: of a pattern, of a format, of a length, or any.
 *
 * @throws {SchemaFault}
 */
export function readText(fields: Fields, place: Place): GrammarSchema {
  const {pattern, format} = fields;
  const {minLength, maxLength} = countsOf(fields, ['minLength', 'maxLength'], place.pointer);
  const isLimited = minLength !== undefined || maxLength !== undefined;
  const length = isLimited ? {least: minLength ?? 0, most: maxLength ?? null} : null;
  if (format !== undefined) return ofFormat(fields, length, place);
  if (pattern !== undefined) return ofPattern(pattern, length, place);
  return length === null ? {type: 'string'} : {length};
}

function ofPattern(pattern: unknown, length: TextLength | null, place: Place): GrammarSchema {
  const {pointer} = place;
  if (length !== null) {
    throw schemaUnsupported(pointer, 'may have a "pattern" or a length, and not both');
  }
  if (typeof pattern !== 'string') {
    throw schemaInvalid(pointer, 'has a "pattern" that is not a text');
  }
  return {type: 'string', pattern: readPattern(pattern, place)};
}

function ofFormat(
  fields: Fields,
  length: TextLength | null,
  {pointer, count}: Place,
): GrammarSchema {
  const {format, pattern} = fields;
  const own = pattern === undefined ? formatOf(format, pointer) : bothOf(fields, pointer);
  if (length === null) return {type: 'string', pattern: own.pattern};
  checkLength(own, length, pointer);
  if (own.shortPattern !== undefined) count(own.longest);
  return {type: 'string', pattern: own.shortPattern ?? own.pattern};
}

function formatOf(format: unknown, pointer: string): Format {
  const own = typeof format === 'string' ? FORMATS.get(format) : undefined;
  if (own !== undefined) return own;
  const known = [...FORMATS.keys()].join(', ');
  throw schemaUnsupported(pointer, `has a "format" that is not followed; these are: ${known}`);
}

/** A format with a pattern beside it, where all is known of the two. */
function bothOf({format, pattern}: Fields, pointer: string): Format {
  const own = FORMATS.get(String(format));
  const both = patternOfBoth(String(format), String(pattern));
  if (own !== undefined && both !== undefined) return {...own, pattern: both};
  throw schemaUnsupported(pointer, 'may have a "pattern" or a "format", and not both');
}

/** A length beside a format is followed where each text has it. */
function checkLength(
  {shortest, longest}: Format,
  {least, most}: TextLength,
  pointer: string,
): void {
  if (least <= shortest && longest <= (most ?? Infinity)) return;
  throw schemaUnsupported(
    pointer,
    `has a length that not every text of its "format" has: they are followed from ${shortest} to ${longest} characters`,
  );
}
