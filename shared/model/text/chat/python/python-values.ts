import {Environment, Interpreter} from '@huggingface/jinja';

export type Statement = Parameters<Interpreter['evaluate']>[0];
export type Value = ReturnType<Interpreter['evaluate']>;

/** What is handed to a filter, a method or a function. */
export type Arguments = {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
};

const CONVERTER = new Environment();
const LIBRARY = new Interpreter(CONVERTER);
/** Of dictionaries whose keys are numbers, which the library has as texts. */
const NUMBER_KEYED = new WeakSet<object>();

/** Of the library's kind: its classes are not exported, and an environment makes one of any text or function. */
export function toValue(value: unknown): Value {
  CONVERTER.variables.delete('value');
  return CONVERTER.set('value', value);
}

export function arrayOf(parts: readonly Value[]): Value {
  return Object.assign(toValue([]), {value: [...parts]});
}

/** What `range()` makes: a list, but neither written nor added as one. */
export function rangeOf(parts: readonly Value[]): Value {
  return Object.assign(arrayOf(parts), {type: RANGE});
}

/** What `items()` and its like make: it is gone through, and has a length, but no parts. */
export function viewOf(parts: readonly Value[]): Value {
  return Object.assign(arrayOf(parts), {type: 'ViewValue'});
}

/** What many filters make: it is gone through once, and is true, has no length and no parts, and is not written. */
export function generatorOf(parts: readonly Value[]): Value {
  return Object.assign(arrayOf(parts), {type: GENERATOR, __bool__: () => toValue(true)});
}

const GENERATOR = 'GeneratorValue';

const RANGE = 'RangeValue';
/** What is gone through, and is no list. */
const NO_LISTS: ReadonlyMap<string, string> = new Map([
  [GENERATOR, 'what a filter goes through'],
  [RANGE, 'a range'],
  ['ViewValue', 'the keys, values or items of a dictionary'],
]);

export function isGenerator({type}: {readonly type: string}): boolean {
  return type === GENERATOR;
}

export function isRange({type}: {readonly type: string}): boolean {
  return type === RANGE;
}

/** The next parts of a generator, which are gone from it then. */
export function takenFrom(generator: Value, most: number): readonly Value[] {
  const parts = partsOf(generator) ?? [];
  Object.assign(generator, {value: parts.slice(most)});
  return parts.slice(0, most);
}

/** @throws {TypeError} for what Jinja knows this of lists alone, not of what is gone through. */
export function refuseNoList({type}: {readonly type: string}, what: string): void {
  const kind = NO_LISTS.get(type);
  if (kind !== undefined) throw new TypeError(`${what} ${kind}: put "| list" behind it`);
}

export function tupleOf(parts: readonly Value[]): Value {
  const literal = Object.assign({type: 'TupleLiteral'}, {value: []});
  return Object.assign(LIBRARY.evaluate(literal, CONVERTER), {value: [...parts]});
}

/** A number that has a point, however whole it is. */
export function floatOf(value: number): Value {
  return Object.assign(toValue(0.5), {value});
}

/** The library hands out what is in values, and makes new ones of what comes back. */
export function functionOf(call: (given: Arguments) => Value): Value {
  const value = (args: readonly Value[]) => call(argumentsOf(args));
  return Object.assign(
    toValue(() => null),
    {value},
  );
}

function argumentsOf(args: readonly Value[]): Arguments {
  const last = args.at(-1);
  if (last?.type !== 'KeywordArgumentsValue') return {positional: args, named: new Map()};
  return {positional: args.slice(0, -1), named: entriesOf(last) ?? new Map<string, Value>()};
}

/**
 * Each argument by the name of its parameter.
 *
 * @throws {TypeError} for one that there is no parameter for.
 */
export function given<Name extends string>(
  {positional, named}: Arguments,
  parameters: readonly Name[],
): Readonly<Partial<Record<Name, Value>>> {
  const names: readonly string[] = parameters;
  const other = [...named.keys()].find((name) => !names.includes(name));
  if (other !== undefined) throw new TypeError(`it takes no argument "${other.slice(0, 40)}"`);
  if (positional.length > names.length) throw new TypeError('it takes fewer arguments');
  const byName: Partial<Record<Name, Value>> = {};
  for (const [at, name] of parameters.entries()) {
    const value = positional[at] ?? named.get(name);
    if (value !== undefined) byName[name] = value;
  }
  return byName;
}

/** Of a list or a tuple. */
export function partsOf({value}: Value): readonly Value[] | null {
  if (!Array.isArray(value)) return null;
  const parts: readonly Value[] = value;
  return parts;
}

/** Of a dictionary, by the texts of its keys. */
export function entriesOf({value}: Value): ReadonlyMap<string, Value> | null {
  const held: unknown = value;
  if (!(held instanceof Map)) return null;
  const entries: ReadonlyMap<string, Value> = held;
  return entries;
}

/** Of a dictionary, each key as its literal has it, with its value; none of anything else. */
export function pairsOf(dictionary: Value): readonly (readonly [key: Value, value: Value])[] {
  const hasNumbers = hasNumberKeys(dictionary);
  return Array.from(entriesOf(dictionary) ?? [], ([key, value]) => [
    toValue(hasNumbers ? Number(key) : key),
    value,
  ]);
}

export function keysOf(dictionary: Value): readonly Value[] {
  return pairsOf(dictionary).map(([key]) => key);
}

/** What a dictionary has by that key; nothing of anything else. */
export function partAt(dictionary: Value, {value}: Value): Value | undefined {
  const entries = entriesOf(dictionary);
  if (typeof value === 'number' && hasNumberKeys(dictionary)) return entries?.get(String(value));
  return typeof value === 'string' && !hasNumberKeys(dictionary) ? entries?.get(value) : undefined;
}

function hasNumberKeys({value}: Value): boolean {
  const held: unknown = value;
  return typeof held === 'object' && held !== null && NUMBER_KEYED.has(held);
}

export function dictionaryOf(entries: ReadonlyMap<string, Value>): Value {
  return Object.assign(toValue({}), {value: new Map(entries)});
}

/**
 * `{512: 128, 1024: 256}`: the library has keys that are texts alone.
 *
 * @param evaluate of a literal whose keys are texts.
 * @throws {TypeError} when some keys are numbers and others are not.
 */
export function evaluateObject(
  literal: NonNullable<Statement>,
  evaluate: (literal: NonNullable<Statement>) => Value,
): Value {
  if (!('value' in literal) || !(literal.value instanceof Map)) return evaluate(literal);
  const entries: readonly (readonly [Key, unknown])[] = [...literal.value];
  const numbers = entries.filter(([key]) => key.type === 'IntegerLiteral').length;
  if (numbers === 0) return evaluate(literal);
  if (numbers < entries.length) throw new TypeError('some keys of a dictionary are no numbers');
  const value = new Map(
    entries.map(([key, entry]) => [{type: 'StringLiteral', value: String(key.value)}, entry]),
  );
  const result = evaluate(Object.assign(Object.create(literal), {value}));
  const held: unknown = result.value;
  if (typeof held === 'object' && held !== null) NUMBER_KEYED.add(held);
  return result;
}

type Key = {readonly type: string; readonly value: unknown};

export function isTruthy(value: Value): boolean {
  // oxlint-disable-next-line eslint/no-underscore-dangle -- the library's name for it.
  return value.__bool__().value;
}
