import type {ReadingWork} from './reading-work.ts';

type Options = {
  /** What a `$ref` refers to; `undefined`: nothing that is known. */
  readonly resolve: (reference: unknown) => unknown;
  /** Of the alternatives that are compared. */
  readonly pointer: string;
};

/** Of one value or name that is compared. */
const STEPS = 3;
/** Each comparison goes through all characters of a text again; some take six in JSON. */
const CHARACTERS_OF_STEP = 4;
/** Properties in properties, and references to references. */
const MOST_DEPTH = 8;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Compares schemas as JSON Schema means them, with every value that they allow and not only those that the grammar of
 * one writes: what follows one of two that are apart does not follow the other.
 */
export class SchemaComparison {
  readonly #work: ReadingWork;

  constructor(work: ReadingWork) {
    this.#work = work;
  }

  /**
   * Whether no value follows both, by their types, their values, or a property that both require. False where that is
   * not plain to see.
   *
   * @throws {SchemaFault} when there is too much to compare.
   */
  areApart(first: unknown, second: unknown, options: Options, depth = MOST_DEPTH): boolean {
    const [a, b] = [fieldsOf(first), fieldsOf(second)];
    if (depth === 0 || a === null || b === null) return false;
    this.#work.spend(STEPS + stepsOf(a) + stepsOf(b), options.pointer);
    const inner = (left: unknown, right: unknown) => this.areApart(left, right, options, depth - 1);
    const [ofA, ofB] = [meantBy(a, options), meantBy(b, options)];
    if (ofA !== null) return ofA.every((each) => inner(each, b));
    if (ofB !== null) return ofB.every((each) => inner(a, each));
    return haveOtherValues(a, b) || haveOtherTypes(a, b) || haveOtherProperties(a, b, inner);
  }
}

function fieldsOf(value: unknown): Fields | null {
  return isFields(value) ? value : null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Of what a comparison goes through. */
function stepsOf(fields: Fields): number {
  const values = valuesOf(fields) ?? [];
  const names = requiredOf(fields).length + Object.keys(propertiesOf(fields)).length;
  const characters = [...values, fields['$ref']].reduce<number>(
    (sum, value) => sum + (typeof value === 'string' ? value.length : 0),
    0,
  );
  return STEPS * (values.length + names) + Math.ceil(characters / CHARACTERS_OF_STEP);
}

/** The schemas of which a value follows one, where this is only another way to name them. */
function meantBy(fields: Fields, {resolve}: Options): readonly unknown[] | null {
  if ('$ref' in fields) return [resolve(fields['$ref'])];
  for (const keyword of ['anyOf', 'oneOf']) {
    const list = fields[keyword];
    if (Array.isArray(list)) return list;
  }
  const {allOf} = fields;
  return Array.isArray(allOf) && allOf.length === 1 ? allOf : null;
}

/** All values that there are, or `null` where a schema does not count them. */
function valuesOf(fields: Fields): readonly unknown[] | null {
  if ('const' in fields) return [fields['const']];
  const values = fields['enum'];
  return Array.isArray(values) ? values : null;
}

/** The same number has one text, and so has the same text. */
function textOf(value: unknown): string | null {
  return typeof value === 'object' && value !== null ? null : JSON.stringify(value);
}

function haveOtherValues(a: Fields, b: Fields): boolean {
  const [ofA, ofB] = [valuesOf(a)?.map(textOf), valuesOf(b)?.map(textOf)];
  if (ofA === undefined || ofB === undefined) return false;
  const texts = new Set(ofA);
  // Objects and arrays are the same in more ways than one.
  return !texts.has(null) && ofB.every((text) => text !== null && !texts.has(text));
}

/** The types of its values; `null`: any. An integer is a number. */
function typesOf(fields: Fields): ReadonlySet<unknown> | null {
  const {type} = fields;
  if (type !== undefined) {
    const names: readonly unknown[] = Array.isArray(type) ? type : [type];
    return new Set(names.map((name) => (name === 'integer' ? 'number' : name)));
  }
  const values = valuesOf(fields);
  return values === null ? null : new Set(values.map(typeOf));
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function haveOtherTypes(a: Fields, b: Fields): boolean {
  const [ofA, ofB] = [typesOf(a), typesOf(b)];
  return ofA !== null && ofB !== null && ![...ofA].some((name) => ofB.has(name));
}

function haveOtherProperties(
  a: Fields,
  b: Fields,
  areApart: (first: unknown, second: unknown) => boolean,
): boolean {
  if (a['type'] !== 'object' || b['type'] !== 'object') return false;
  if (requiresOther(a, b) || requiresOther(b, a)) return true;
  const [ofA, ofB] = [propertiesOf(a), propertiesOf(b)];
  const requiredByB = new Set(requiredOf(b));
  return requiredOf(a).some(
    (name) =>
      requiredByB.has(name) &&
      Object.hasOwn(ofA, name) &&
      Object.hasOwn(ofB, name) &&
      areApart(ofA[name], ofB[name]),
  );
}

/** Whether one requires a property that the other does not allow. */
function requiresOther(one: Fields, other: Fields): boolean {
  if (other['additionalProperties'] !== false) return false;
  const allowed = propertiesOf(other);
  return requiredOf(one).some((name) => !Object.hasOwn(allowed, name));
}

function propertiesOf(fields: Fields): Fields {
  return fieldsOf(fields['properties']) ?? {};
}

function requiredOf({required}: Fields): readonly string[] {
  return Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
}
