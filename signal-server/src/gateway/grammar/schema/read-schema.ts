import {shortText} from '#shared/base/short-text.ts';
import type {NumberState} from '../numbers/number-automata.ts';
import {SCHEMA_LIMITS, checkSize} from './check-size.ts';
import {checkEnds} from './check-ends.ts';
import {checkLengths} from './check-lengths.ts';
import {countsOf} from './read-counts.ts';
import {BOUNDS, readNumber} from './read-number.ts';
import {readText} from './read-text.ts';
import {definitionName, referenceOf} from './references.ts';
import type {GrammarSchema, RootSchema} from './grammar-schema.ts';
import {ReadingWork} from './reading-work.ts';
import {SchemaComparison} from './schema-comparison.ts';
import {schemaInvalid, schemaTooLarge, schemaUnsupported} from './schema-fault.ts';

/** Keywords that say nothing about which values there are. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  '$schema',
  '$comment',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  // OpenAPI's: which property tells the alternatives of a "oneOf" apart, which they say themselves.
  'discriminator',
]);
/** At the root only: within a schema, it changes what a reference means. */
const OF_ROOT: ReadonlySet<string> = new Set(['$id', '$defs', 'definitions']);
const DEFINITIONS: ReadonlySet<string> = new Set(['$defs', 'definitions']);
const OF_TYPES = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'minItems', 'maxItems', 'uniqueItems'],
  string: ['pattern', 'format', 'minLength', 'maxLength'],
  number: BOUNDS,
  integer: BOUNDS,
  boolean: [],
  null: [],
} as const;
type TypeName = keyof typeof OF_TYPES;
const TYPE_NAMES = Object.keys(OF_TYPES).filter((name): name is TypeName =>
  Object.hasOwn(OF_TYPES, name),
);
type Fields = Readonly<Record<string, unknown>>;

/** Of one schema within another. */
const STEPS_OF_SCHEMA = 20;

/**
 * Reads the JSON schema of a request. What comes of it has every restriction of the schema; additional properties come
 * only where no property is named.
 *
 * @param work of all schemas of a request.
 * @throws {SchemaFault} for what is no schema, too large, or cannot be followed token by token.
 */
export function readSchema(schema: unknown, work = new ReadingWork()): RootSchema {
  checkSize(schema);
  const fields = fieldsOf(schema, '');
  const reading = new SchemaReading(fields, work);
  const root = reading.read(fields, '');
  const $defs = reading.definitions();
  checkEnds({root, definitions: $defs}, work);
  const whole = Object.keys($defs).length === 0 ? root : {...root, $defs};
  checkLengths(whole, work);
  return whole;
}

function fieldsOf(value: unknown, pointer: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value));
  }
  throw schemaInvalid(pointer, 'must be an object');
}

class SchemaReading {
  readonly #root: Fields;
  readonly #work: ReadingWork;
  readonly #comparison: SchemaComparison;
  /** Of all numbers of this schema: its grammar has a rule for each. */
  readonly #numberStates = new Set<NumberState>();
  /** What is defined, by keyword: read once, however many refer to it. */
  readonly #defined = new Map<string, Fields>();
  #enumValues = 0;
  #counted = 0;

  constructor(root: Fields, work: ReadingWork) {
    this.#root = root;
    this.#work = work;
    this.#comparison = new SchemaComparison(work);
  }

  /** What the schema defines, by name. */
  definitions(): Readonly<Record<string, GrammarSchema>> {
    return Object.fromEntries(
      [...DEFINITIONS].flatMap((keyword) =>
        Object.entries(this.#definedBy(keyword)).map(([name, value]) => [
          definitionName(keyword, name),
          this.read(value, `/${keyword}/${name}`),
        ]),
      ),
    );
  }

  #definedBy(keyword: string): Fields {
    const known = this.#defined.get(keyword);
    if (known !== undefined) return known;
    const fields = fieldsOf(this.#root[keyword] ?? {}, `/${keyword}`);
    this.#defined.set(keyword, fields);
    return fields;
  }

  read(value: unknown, pointer: string): GrammarSchema {
    this.#work.spend(STEPS_OF_SCHEMA, pointer);
    if (value === true) return {};
    const fields = fieldsOf(value, pointer);
    const keywords = Object.keys(fields).filter(
      (keyword) => !ANNOTATIONS.has(keyword) && !(pointer === '' && OF_ROOT.has(keyword)),
    );
    const only = (keyword: string, ...others: readonly string[]) => {
      const rest = keywords.find((each) => each !== keyword && !others.includes(each));
      if (rest === undefined) return;
      throw schemaUnsupported(
        pointer,
        `has "${shortText(rest)}" beside "${keyword}": that is not followed`,
      );
    };
    if (keywords.includes('$ref')) {
      only('$ref');
      return this.#reference(fields['$ref'], pointer);
    }
    for (const keyword of ['anyOf', 'oneOf', 'allOf'] as const) {
      if (!keywords.includes(keyword)) continue;
      only(keyword);
      return this.#alternatives(keyword, fields[keyword], `${pointer}/${keyword}`);
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
    const named = referenceOf(target);
    if (named === null) {
      throw schemaUnsupported(pointer, '"$ref" may be "#", "#/$defs/NAME" or "#/definitions/NAME"');
    }
    const {keyword, name} = named;
    if (!Object.hasOwn(this.#definedBy(keyword), name)) {
      throw schemaInvalid(pointer, `refers to "${shortText(name)}", which is not defined`);
    }
    return {$ref: `#/$defs/${definitionName(keyword, name)}`};
  }

  /** @param pointer of the list. */
  #alternatives(
    keyword: 'anyOf' | 'oneOf' | 'allOf',
    value: unknown,
    pointer: string,
  ): GrammarSchema {
    const list = listOf(value, pointer);
    const read = list.map((each, at) => this.read(each, `${pointer}/${at}`));
    const [first] = read;
    if (first === undefined) throw schemaInvalid(pointer, 'must have a schema');
    if (keyword === 'allOf' && read.length > 1) {
      throw schemaUnsupported(pointer, 'has more than one schema: that is not followed');
    }
    if (keyword === 'oneOf') this.#tellApart(list, pointer);
    return read.length === 1 ? first : {anyOf: read};
  }

  /** One alternative and no other: that is followed where none can follow two of them. */
  #tellApart(list: readonly unknown[], pointer: string): void {
    const resolve = (reference: unknown): unknown => {
      if (reference === '#') return this.#root;
      const {keyword, name} = referenceOf(reference) ?? {keyword: '$defs', name: ''};
      return this.#definedBy(keyword)[name];
    };
    for (const [at, first] of list.entries()) {
      const other = list.findIndex(
        (second, after) =>
          after > at && !this.#comparison.areApart(first, second, {resolve, pointer}),
      );
      if (other === -1) continue;
      throw schemaUnsupported(
        pointer,
        `has alternatives ${at} and ${other}, which differ neither in their types nor in a property that both require: that is not followed; "anyOf" is`,
      );
    }
  }

  #enumeration(values: unknown, type: unknown, pointer: string): GrammarSchema {
    const types = type === undefined ? TYPE_NAMES : typesOf(type, pointer);
    const list = listOf(values, `${pointer}/enum`).filter((value) =>
      types.some((name) => isOfType(value, name)),
    );
    if (list.length === 0) throw schemaInvalid(pointer, 'has no value that it allows');
    if (!list.every(isExact)) {
      throw schemaUnsupported(
        pointer,
        'allows a number beyond 2^53, or a text with half a character: not all programs read them alike',
      );
    }
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
      throw schemaUnsupported(pointer, `has "${shortText(other)}": that is not followed`);
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
        return readText(fields, {
          pointer,
          work: this.#work,
          count: (characters) => this.#count(characters),
        });
      case 'number':
      case 'integer':
        return readNumber(type, fields, {
          automata: this.#work.numbers,
          states: this.#numberStates,
          pointer,
        });
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
      if (name.isWellFormed()) continue;
      throw schemaUnsupported(
        `${pointer}/properties`,
        'names a property with half a character: no text has it',
      );
    }
    const requiredNames = requiredOf(required, names, pointer);
    if (typeof additional !== 'boolean') fieldsOf(additional, `${pointer}/additionalProperties`);
    if (names.size > 0) {
      return {
        type: 'object',
        properties: Object.fromEntries(named),
        required: requiredNames,
        additionalProperties: false,
      };
    }
    if (additional === false) return {type: 'object', additionalProperties: false};
    const each = this.read(additional, `${pointer}/additionalProperties`);
    return {type: 'object', additionalProperties: each};
  }

  #count(characters: number): void {
    this.#counted += characters;
    if (this.#counted <= SCHEMA_LIMITS.counted) return;
    const most = SCHEMA_LIMITS.counted;
    throw schemaTooLarge('', `counts more than ${most} characters by "pattern"`);
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

/** @param names of the properties of the object. */
function requiredOf(
  required: unknown,
  names: ReadonlySet<string>,
  pointer: string,
): readonly string[] {
  const known = new Set<string>();
  for (const name of listOf(required, `${pointer}/required`)) {
    const shown = shortText(String(name));
    if (typeof name !== 'string' || !names.has(name)) {
      throw schemaInvalid(pointer, `requires "${shown}", which is none of its "properties"`);
    }
    if (known.has(name)) throw schemaInvalid(pointer, `requires "${shown}" twice`);
    known.add(name);
  }
  return [...known];
}

function typesOf(type: unknown, pointer: string): readonly TypeName[] {
  const names = Array.isArray(type) ? type : [type];
  // https://json-schema.org/draft/2020-12/json-schema-validation#section-6.1.1
  if (names.length > TYPE_NAMES.length || new Set(names).size < names.length) {
    throw schemaInvalid(pointer, 'names a type twice');
  }
  const types = names.map((name: unknown) => TYPE_NAMES.find((known) => known === name));
  if (types.length > 0 && types.every((name) => name !== undefined)) return types;
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

/** Whether every program reads it from JSON as the same value. */
function isExact(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value === 'number') {
    return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  }
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, inner]) => name.isWellFormed() && isExact(inner));
}

function listOf(value: unknown, pointer: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw schemaInvalid(pointer, 'must be an array');
}
