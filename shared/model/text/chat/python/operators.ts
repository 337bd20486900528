import {textOf} from './python-text.ts';
import {percentFormat} from './percent-format.ts';
import {
  arrayOf,
  entriesOf,
  isGenerator,
  keysOf,
  pairsOf,
  partAt,
  partsOf,
  refuseNoList,
  takenFrom,
  toValue,
  tupleOf,
  type Value,
} from './python-values.ts';
import {spendOn, spendOnRepeated, type Spend} from './spending.ts';

/** What the library makes of two values and an operator. */
type AsLibrary = (operator: string, left: Value, right: Value) => Value;

type Pair = {readonly operator: string; readonly left: Value; readonly right: Value};

/**
 * What an operator makes of two values: of those that the library computes otherwise than Python, as Python.
 *
 * @throws {TypeError} for a division by zero, and for the sum of a text and something else.
 * @throws {RangeError} for whole numbers that JavaScript does not have exactly.
 */
export function operate(
  pair: Pair,
  {spend, asLibrary}: {readonly spend: Spend; readonly asLibrary: AsLibrary},
): Value {
  const inLibrary: AsLibrary = (operator, left, right) =>
    asLibrary(operator, asNumber(left), asNumber(right));
  const result =
    computed(pair, spend, inLibrary) ?? inLibrary(pair.operator, pair.left, pair.right);
  if (result.type === 'IntegerValue' && !Number.isSafeInteger(result.value)) {
    throw new RangeError('it computes with whole numbers beyond 2^53');
  }
  return result;
}

/** The library counts with no booleans. */
function asNumber(value: Value): Value {
  return value.type === 'BooleanValue' ? toValue(Number(value.value)) : value;
}

/** `null`: as the library does. */
function computed({operator, left, right}: Pair, spend: Spend, asLibrary: AsLibrary): Value | null {
  switch (operator) {
    // Whatever they are.
    case '~':
      return toValue(textOf(left, spend) + textOf(right, spend));
    case '==':
      return toValue(isEqual(left, right, spend));
    case '!=':
      return toValue(!isEqual(left, right, spend));
    case 'in':
      return contains(right, left, spend);
    case 'not in':
      return negated(contains(right, left, spend));
    case '/':
    case '//':
      refuseZero(right);
      return null;
    case '%':
      return remainder(left, right, {spend, asLibrary});
    case '+':
      return added(left, right);
    case '*':
      return repeated(left, right, spend);
    default:
      return compared(operator, left, right);
  }
}

function contains(owner: Value, part: Value, spend: Spend): Value | null {
  const parts = partsOf(isGenerator(owner) ? iterated(owner, spend) : owner);
  if (parts !== null) return toValue(parts.some((each) => isEqual(each, part, spend)));
  if (owner.type !== 'ObjectValue') return null;
  return toValue(partAt(owner, part) !== undefined);
}

function negated(value: Value | null): Value | null {
  return value && toValue(value.value !== true);
}

/** The library makes a text of whatever is added to one, and a list of tuples. */
function added(left: Value, right: Value): Value | null {
  for (const side of [left, right]) refuseNoList(side, 'it adds');
  const texts = [left, right].filter(({value}) => typeof value === 'string').length;
  const tuples = [left, right].filter(({type}) => type === 'TupleValue').length;
  if (texts === 1 || tuples === 1) throw new TypeError(`it adds ${left.type} and ${right.type}`);
  if (tuples === 0) return null;
  return tupleOf([...(partsOf(left) ?? []), ...(partsOf(right) ?? [])]);
}

/** A text, a list or a tuple so many times. */
function repeated(left: Value, right: Value, spend: Spend): Value | null {
  const [what, times] = right.type === 'IntegerValue' ? [left, right] : [right, left];
  if (times.type !== 'IntegerValue') return null;
  refuseNoList(what, 'it repeats');
  const count = Math.max(0, Number(times.value));
  const parts = partsOf(what);
  if (parts !== null) {
    spend(parts.length * count);
    const repeatedParts = Array.from({length: count}, () => parts).flat();
    return what.type === 'TupleValue' ? tupleOf(repeatedParts) : arrayOf(repeatedParts);
  }
  if (typeof what.value !== 'string') return null;
  spendOnRepeated(what.value.length * count, spend);
  return toValue(what.value.repeat(count));
}

/** Of two texts by their characters; the library compares numbers alone. */
function compared(operator: string, left: Value, right: Value): Value | null {
  const [one, other] = [left.value, right.value];
  if (typeof one !== 'string' || typeof other !== 'string') return null;
  const order = comparedCharacters(one, other);
  const results: Readonly<Record<string, boolean>> = {
    '<': order < 0,
    '>': order > 0,
    '<=': order <= 0,
    '>=': order >= 0,
  };
  const result = results[operator];
  return result === undefined ? null : toValue(result);
}

/** Below 0 where `one` comes first; units of UTF-16 have another order than characters. */
function comparedCharacters(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let at = 0;
  while (at < most && one.charCodeAt(at) === other.charCodeAt(at)) at += 1;
  if (at === most) return one.length - other.length;
  return (one.codePointAt(at) ?? 0) - (other.codePointAt(at) ?? 0);
}

function refuseZero(divisor: Value): void {
  if (isNumber(divisor) && Number(divisor.value) === 0) throw new TypeError('it divides by zero');
}

/** Of a text, with values in its places. With the sign of the divisor, where the library's has that of the dividend. */
function remainder(
  left: Value,
  right: Value,
  {spend, asLibrary}: {readonly spend: Spend; readonly asLibrary: AsLibrary},
): Value | null {
  if (typeof left.value === 'string') return toValue(percentFormat(left.value, right, spend));
  refuseZero(right);
  if (!isNumber(left) || !isNumber(right)) return null;
  const rest = asLibrary('%', left, right);
  const isOtherSign = Number(rest.value) * Number(right.value) < 0;
  return isOtherSign ? asLibrary('+', rest, right) : rest;
}

/** Of lists and dictionaries by what is in them; of numbers and booleans by value. A text is no number, and nothing is `none` but that. */
export function isEqual(one: Value, other: Value, spend: Spend): boolean {
  spendOn(one, spend);
  if (isNumber(one) && isNumber(other)) return Number(one.value) === Number(other.value);
  if (one.type !== other.type) return false;
  if (one.type === 'NullValue') return true;
  const parts = partsOf(one);
  const others = partsOf(other);
  if (parts !== null && others !== null) {
    return parts.length === others.length && parts.every((part, at) => same(part, others[at]));
  }
  const entries = entriesOf(one);
  const otherEntries = entriesOf(other);
  if (entries === null || otherEntries === null) return one.value === other.value;
  if (entries.size !== otherEntries.size) return false;
  return pairsOf(one).every(([key, value]) => same(value, partAt(other, key)));

  function same(part: Value, otherPart: Value | undefined): boolean {
    return otherPart !== undefined && isEqual(part, otherPart, spend);
  }
}

/** Of two numbers, or of two texts by their characters. @throws {TypeError} for others. */
export function isLess(
  one: Value,
  other: Value,
  {isFolded, spend}: {readonly isFolded: boolean; readonly spend: Spend},
): boolean {
  spendOn(one, spend);
  spendOn(other, spend);
  if (isNumber(one) && isNumber(other)) return Number(one.value) < Number(other.value);
  if (typeof one.value === 'string' && typeof other.value === 'string') {
    const [text, otherText] = [one.value, other.value];
    if (!isFolded) return comparedCharacters(text, otherText) < 0;
    return comparedCharacters(text.toLowerCase(), otherText.toLowerCase()) < 0;
  }
  throw new TypeError(`it compares ${one.type} with ${other.type}`);
}

/** For sorting, by what comes before what. */
export function orderBy(
  isBefore: (one: Value, other: Value) => boolean,
): (one: Value, other: Value) => number {
  return (one, other) => {
    if (isBefore(one, other)) return -1;
    return isBefore(other, one) ? 1 : 0;
  };
}

export function isNumber({type}: Value): boolean {
  return type === 'IntegerValue' || type === 'FloatValue' || type === 'BooleanValue';
}

/** What a loop goes over: the parts of a list, the characters of a text, the keys of a dictionary; nothing of what is not there. */
export function iterated(value: Value, spend: Spend): Value {
  if (value.type === 'UndefinedValue') return arrayOf([]);
  if (isGenerator(value)) return arrayOf(takenFrom(value, Infinity));
  if (typeof value.value === 'string') {
    spend(value.value.length);
    return arrayOf(Array.from(value.value, toValue));
  }
  return value.type === 'ObjectValue' ? arrayOf(keysOf(value)) : value;
}

/** The library takes lists in parts, and no tuples. */
export function unpacked(over: Value): Value {
  const parts = partsOf(over);
  if (parts === null) throw new TypeError(`it goes over ${over.type}`);
  return arrayOf(
    parts.map((part) => (part.type === 'TupleValue' ? arrayOf(partsOf(part) ?? []) : part)),
  );
}
