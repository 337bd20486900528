import {countPattern} from './count-pattern.ts';
import {FORMAT_PATTERNS, patternOfLength} from './own-patterns.ts';
import {SCHEMA_LIMITS, checkSize} from './check-size.ts';
import {checkEnds} from './check-ends.ts';
import type {GrammarSchema, RootSchema} from './grammar-schema.ts';
import {schemaInvalid, schemaTooLarge, schemaUnsupported} from './schema-fault.ts';

/** Keywords that say nothing about which values there are. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$comment',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
]);
const DEFINITIONS: ReadonlySet<string> = new Set(['$defs', 'definitions']);
const OF_TYPES = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'minItems', 'maxItems', 'uniqueItems'],
  string: ['pattern', 'format', 'minLength', 'maxLength'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  boolean: [],
  null: [],
} as const;
type TypeName = keyof typeof OF_TYPES;
const TYPE_NAMES = Object.keys(OF_TYPES).filter((name): name is TypeName =>
  Object.hasOwn(OF_TYPES, name),
);
type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the JSON schema of a request. What comes of it has every restriction of the schema; additional properties come
 * only where no property is named.
 *
 * @throws {SchemaFault} for what is no schema, too large, or cannot be followed token by token.
 */
export function readSchema(schema: unknown): RootSchema {
  checkSize(schema);
  const fields = fieldsOf(schema, '');
  const reading = new SchemaReading(fields);
  const root = reading.read(fields, '');
  const $defs = reading.definitions();
  checkEnds({root, definitions: $defs});
  return Object.keys($defs).length === 0 ? root : {...root, $defs};
}

function fieldsOf(value: unknown, pointer: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value));
  }
  throw schemaInvalid(pointer, 'must be an object');
}

class SchemaReading {
  readonly #root: Fields;
  #enumValues = 0;
  #counted = 0;

  constructor(root: Fields) {
    this.#root = root;
  }

  /** What the schema defines, by name. */
  definitions(): Readonly<Record<string, GrammarSchema>> {
    return Object.fromEntries(
      [...DEFINITIONS].flatMap((keyword) =>
        Object.entries(fieldsOf(this.#root[keyword] ?? {}, `/${keyword}`)).map(([name, value]) => [
          definitionName(keyword, name),
          this.read(value, `/${keyword}/${name}`),
        ]),
      ),
    );
  }

  read(value: unknown, pointer: string): GrammarSchema {
    if (value === true) return {};
    const fields = fieldsOf(value, pointer);
    const keywords = Object.keys(fields).filter(
      (keyword) => !ANNOTATIONS.has(keyword) && !(pointer === '' && DEFINITIONS.has(keyword)),
    );
    const only = (keyword: string, ...others: readonly string[]) => {
      const rest = keywords.find((each) => each !== keyword && !others.includes(each));
      if (rest === undefined) return;
      throw schemaUnsupported(pointer, `has "${rest}" beside "${keyword}": that is not followed`);
    };
    if (keywords.includes('$ref')) {
      only('$ref');
      return this.#reference(fields['$ref'], pointer);
    }
    if (keywords.includes('anyOf')) {
      only('anyOf');
      return this.#anyOf(fields['anyOf'], pointer);
    }
    if (keywords.includes('const')) {
      only('const', 'type');
      return this.#enumeration([fields['const']], fields['type'], pointer);
    }
    if (keywords.includes('enum')) {
      only('enum', 'type');
      return this.#enumeration(fields['enum'], fields['type'], pointer);
    }
    return this.#typed(fields, keywords, pointer);
  }

  #reference(target: unknown, pointer: string): GrammarSchema {
    if (target === '#') return {$ref: '#'};
    const [, keyword, name] =
      typeof target === 'string' ? (/^#\/(\$defs|definitions)\/([^/]+)$/u.exec(target) ?? []) : [];
    if (keyword === undefined || name === undefined) {
      throw schemaUnsupported(pointer, '"$ref" may be "#", "#/$defs/NAME" or "#/definitions/NAME"');
    }
    const decoded = decodePointer(name);
    if (!Object.hasOwn(fieldsOf(this.#root[keyword] ?? {}, `/${keyword}`), decoded)) {
      throw schemaInvalid(pointer, `refers to "${decoded}", which is not defined`);
    }
    return {$ref: `#/$defs/${definitionName(keyword, decoded)}`};
  }

  #anyOf(alternatives: unknown, pointer: string): GrammarSchema {
    const list = listOf(alternatives, `${pointer}/anyOf`);
    if (list.length === 0) throw schemaInvalid(pointer, 'has an "anyOf" without alternatives');
    return {anyOf: list.map((value, at) => this.read(value, `${pointer}/anyOf/${at}`))};
  }

  #enumeration(values: unknown, type: unknown, pointer: string): GrammarSchema {
    const types = type === undefined ? TYPE_NAMES : typesOf(type, pointer);
    const list = listOf(values, `${pointer}/enum`).filter((value) =>
      types.some((name) => isOfType(value, name)),
    );
    if (list.length === 0) throw schemaInvalid(pointer, 'has no value that it allows');
    this.#enumValues += list.length;
    if (this.#enumValues > SCHEMA_LIMITS.enumValues) {
      throw schemaTooLarge('', `has more than ${SCHEMA_LIMITS.enumValues} values in "enum"`);
    }
    return {enum: list};
  }

  #typed(fields: Fields, keywords: readonly string[], pointer: string): GrammarSchema {
    const known = TYPE_NAMES.filter((name) =>
      keywords.some((keyword) => OF_TYPES[name].some((own) => own === keyword)),
    );
    const types =
      fields['type'] === undefined ? known.slice(0, 1) : typesOf(fields['type'], pointer);
    const other = keywords.find(
      (keyword) =>
        keyword !== 'type' && !types.some((name) => OF_TYPES[name].some((own) => own === keyword)),
    );
    if (other !== undefined)
      throw schemaUnsupported(pointer, `has "${other}": that is not followed`);
    const schemas = types.map((type) => this.#ofType(type, fields, pointer));
    const [first] = schemas;
    if (first === undefined) return {};
    return schemas.length === 1 ? first : {anyOf: schemas};
  }

  #ofType(type: TypeName, fields: Fields, pointer: string): GrammarSchema {
    switch (type) {
      case 'object':
        return this.#object(fields, pointer);
      case 'array':
        return this.#array(fields, pointer);
      case 'string':
        return this.#text(fields, pointer);
      case 'number':
      case 'integer':
        return readNumber(type, fields, pointer);
      default:
        return {type};
    }
  }

  #object(fields: Fields, pointer: string): GrammarSchema {
    const {properties, required = [], additionalProperties: additional = true} = fields;
    const named = Object.entries(fieldsOf(properties ?? {}, `${pointer}/properties`)).map(
      ([name, value]) => [name, this.read(value, `${pointer}/properties/${name}`)] as const,
    );
    const names = new Set(named.map(([name]) => name));
    for (const name of names) {
      if (!/["\\\p{Cc}]/u.test(name)) continue;
      throw schemaUnsupported(
        pointer,
        'has a property with a quote, a backslash or a control character',
      );
    }
    for (const name of listOf(required, `${pointer}/required`)) {
      if (typeof name === 'string' && names.has(name)) continue;
      throw schemaInvalid(pointer, `requires "${String(name)}", which is none of its "properties"`);
    }
    if (names.size > 0) {
      return {
        type: 'object',
        properties: Object.fromEntries(named),
        required: listOf(required, pointer).map(String),
        additionalProperties: false,
      };
    }
    if (additional === false) return {type: 'object', additionalProperties: false};
    const each = this.read(additional, `${pointer}/additionalProperties`);
    return {type: 'object', additionalProperties: each};
  }

  #text(fields: Fields, pointer: string): GrammarSchema {
    const {pattern, format} = fields;
    const lengths = countsOf(fields, ['minLength', 'maxLength'], pointer);
    const {minLength, maxLength} = lengths;
    this.#count(Math.max(minLength ?? 0, maxLength ?? 0));
    const isLimited = minLength !== undefined || maxLength !== undefined;
    if ([pattern !== undefined, format !== undefined, isLimited].filter(Boolean).length > 1) {
      throw schemaUnsupported(
        pointer,
        'may have a "pattern", a "format" or a length, and not two of them',
      );
    }
    if (pattern !== undefined) {
      if (typeof pattern !== 'string') {
        throw schemaInvalid(pointer, 'has a "pattern" that is not a text');
      }
      this.#count(countPattern(pattern, pointer));
      return {type: 'string', pattern};
    }
    if (isLimited) return {type: 'string', pattern: patternOfLength(lengths)};
    if (format === undefined) return {type: 'string'};
    const ofFormat = typeof format === 'string' ? FORMAT_PATTERNS.get(format) : undefined;
    if (ofFormat !== undefined) return {type: 'string', pattern: ofFormat};
    const known = [...FORMAT_PATTERNS.keys()].join(', ');
    throw schemaUnsupported(pointer, `has a "format" that is not followed; these are: ${known}`);
  }

  #count(characters: number): void {
    this.#counted += characters;
    if (this.#counted <= SCHEMA_LIMITS.counted) return;
    const most = SCHEMA_LIMITS.counted;
    throw schemaTooLarge('', `counts more than ${most} characters by "maxLength" and "pattern"`);
  }

  #array(fields: Fields, pointer: string): GrammarSchema {
    const {items = true, uniqueItems = false} = fields;
    if (uniqueItems !== false) {
      throw schemaUnsupported(pointer, 'has "uniqueItems": that is not followed');
    }
    const counts = countsOf(fields, ['minItems', 'maxItems'], pointer);
    return {type: 'array', items: this.read(items, `${pointer}/items`), ...counts};
  }
}

const BOUNDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const;
const MOST_NUMBER = 1e15;

function readNumber(type: 'number' | 'integer', fields: Fields, pointer: string): GrammarSchema {
  const bounds: Partial<Record<(typeof BOUNDS)[number], number>> = {};
  for (const keyword of BOUNDS) {
    const value = fields[keyword];
    if (value === undefined) continue;
    if (typeof value !== 'number' || Math.abs(value) > MOST_NUMBER) {
      throw schemaInvalid(pointer, `has a "${keyword}" that is not a number from -10^15 to 10^15`);
    }
    bounds[keyword] = value;
  }
  return {type, ...bounds};
}

function countsOf<Keyword extends string>(
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

function typesOf(type: unknown, pointer: string): readonly TypeName[] {
  const names = Array.isArray(type) ? type : [type];
  const types = names.map((name: unknown) => TYPE_NAMES.find((known) => known === name));
  if (types.length > 0 && types.every((name) => name !== undefined)) return [...new Set(types)];
  throw schemaInvalid(pointer, `has a "type" other than ${TYPE_NAMES.join(', ')}`);
}

function isOfType(value: unknown, type: TypeName): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function listOf(value: unknown, pointer: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw schemaInvalid(pointer, 'must be an array');
}

/** Both keywords define; the library knows one of them. */
function definitionName(keyword: string, name: string): string {
  const safe = Array.from(name, (char) =>
    /[A-Za-z0-9]/u.test(char) ? char : `_${char.codePointAt(0)}_`,
  );
  return `${keyword === '$defs' ? 'd' : 'o'}_${safe.join('')}`;
}

function decodePointer(name: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(name);
  } catch {
    decoded = name;
  }
  return decoded.replaceAll('~1', '/').replaceAll('~0', '~');
}
