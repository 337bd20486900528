import type {Tools} from './filters.ts';
import {isEqual, isLess, isNumber} from './operators.ts';
import {textOf} from './python-text.ts';
import {isTruthy, type Arguments, type Value} from './python-values.ts';
import type {COMPARING_TESTS} from './syntax/parse-template.ts';
import {isLower, isUpper} from './text-methods.ts';

/** The library has two of them. */
type Comparison = (one: Value, other: Value, tools: Tools) => boolean;
const isSame: Comparison = (one, other, {spend}) => isEqual(one, other, spend);
const isOther: Comparison = (one, other, {spend}) => !isEqual(one, other, spend);
const isAbove: Comparison = (one, other, tools) => isBelow(other, one, tools);
const COMPARISONS: Readonly<Record<(typeof COMPARING_TESTS)[number], Comparison>> = {
  eq: isSame,
  equalto: isSame,
  '==': isSame,
  ne: isOther,
  '!=': isOther,
  lt: isBelow,
  lessthan: isBelow,
  '<': isBelow,
  gt: isAbove,
  greaterthan: isAbove,
  '>': isAbove,
  le: (one, other, tools) => !isAbove(one, other, tools),
  '<=': (one, other, tools) => !isAbove(one, other, tools),
  ge: (one, other, tools) => !isBelow(one, other, tools),
  '>=': (one, other, tools) => !isBelow(one, other, tools),
  in: (one, other, {operate}) => isTruthy(operate('in', one, other)),
  sameas: (one, {type, value}) => one.type === type && one.value === value,
  divisibleby: (one, other, {operate}) => !isTruthy(operate('%', one, other)),
};
const BY_NAME: ReadonlyMap<string, Comparison> = new Map(Object.entries(COMPARISONS));

function isBelow(one: Value, other: Value, {spend}: Tools): boolean {
  return isLess(one, other, {isFolded: false, spend});
}

const SEQUENCES: ReadonlySet<string> = new Set([
  'StringValue',
  'ArrayValue',
  'TupleValue',
  'ObjectValue',
  'RangeValue',
]);

/** Tests of one value that the library lacks or answers otherwise. */
const KINDS: ReadonlyMap<string, (value: Value) => boolean> = new Map([
  ['float', ({type}: Value) => type === 'FloatValue'],
  ['number', isNumber],
  ['callable', ({type}: Value) => type === 'FunctionValue'],
  [
    'sequence',
    ({type, value}: Value) => type === 'UndefinedValue' || (SEQUENCES.has(type) && isMany(value)),
  ],
  ['iterable', ({type, value}: Value) => type === 'UndefinedValue' || isMany(value)],
]);

function isMany(value: unknown): boolean {
  return typeof value === 'string' || Array.isArray(value) || value instanceof Map;
}

/** `null`: the library has this test. */
export function testByName(
  name: string,
  operand: Value,
  {given, tools}: {readonly given: Arguments; readonly tools: Tools},
): boolean | null {
  // Of a list, how it is written.
  if (name === 'lower') return isLower(textOf(operand, tools.spend));
  if (name === 'upper') return isUpper(textOf(operand, tools.spend));
  const comparison = BY_NAME.get(name);
  if (comparison === undefined) return KINDS.get(name)?.(operand) ?? null;
  const [other] = given.positional;
  if (other === undefined) throw new TypeError(`the test ${name} takes a value`);
  return comparison(operand, other, tools);
}
