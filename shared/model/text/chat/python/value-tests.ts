import type {Arguments, Tools} from './filters.ts';
import {isEqual, isLess, isNumber} from './operators.ts';
import {isTruthy, type Value} from './python-values.ts';

/** Tests that take another value; the library has two of them. Under the names that Jinja has for them. */
type Comparison = (one: Value, other: Value, tools: Tools) => boolean;
const COMPARISONS: ReadonlyMap<string, Comparison> = new Map<string, Comparison>([
  ...named(['eq', 'equalto', '=='], (one, other, {spend}) => isEqual(one, other, spend)),
  ...named(['ne', '!='], (one, other, {spend}) => !isEqual(one, other, spend)),
  ...named(['lt', 'lessthan', '<'], isBelow),
  ...named(['gt', 'greaterthan', '>'], (one, other, tools) => isBelow(other, one, tools)),
  ...named(['le', '<='], (one, other, tools) => !isBelow(other, one, tools)),
  ...named(['ge', '>='], (one, other, tools) => !isBelow(one, other, tools)),
  ...named(['in'], (one, other, {operate}) => isTruthy(operate('in', one, other))),
  ...named(['sameas'], (one, {type, value}) => one.type === type && one.value === value),
  ...named(['divisibleby'], (one, other, {operate}) => !isTruthy(operate('%', one, other))),
]);

function isBelow(one: Value, other: Value, {spend}: Tools): boolean {
  return isLess(one, other, {isFolded: false, spend});
}

function named(
  names: readonly string[],
  test: Comparison,
): readonly (readonly [string, Comparison])[] {
  return names.map((name) => [name, test] as const);
}

/** Tests of one value that the library lacks or answers otherwise. */
const KINDS: ReadonlyMap<string, (value: Value) => boolean> = new Map([
  ['float', ({type}: Value) => type === 'FloatValue'],
  ['number', isNumber],
  ['iterable', ({type, value}: Value) => type === 'UndefinedValue' || isMany(value)],
]);

function isMany(value: unknown): boolean {
  return typeof value === 'string' || Array.isArray(value) || value instanceof Map;
}

export const COMPARING_TESTS: ReadonlySet<string> = new Set(COMPARISONS.keys());

/** `null`: the library has this test. */
export function testByName(
  name: string,
  operand: Value,
  {given, tools}: {readonly given: Arguments; readonly tools: Tools},
): boolean | null {
  const comparison = COMPARISONS.get(name);
  if (comparison === undefined) return KINDS.get(name)?.(operand) ?? null;
  const [other] = given.positional;
  if (other === undefined) throw new TypeError(`the test ${name} takes a value`);
  return comparison(operand, other, tools);
}
