import {textOf} from './python-text.ts';
import {arrayOf, toValue, type Value} from './python-values.ts';
import {spendOn, type Spend} from './spending.ts';

/** Of a text that is made of another. */
const CHARACTERS_PER_STEP = 64;
/** What the library makes of two values and an operator. */
type AsLibrary = (operator: string, left: Value, right: Value) => Value;

/**
 * Operators that the library computes otherwise than Python. `null`: this one it does not.
 *
 * @throws {TypeError} for a division by zero, and for the sum of a text and something else.
 */
export function operate(
  {operator, left, right}: {readonly operator: string; readonly left: Value; readonly right: Value},
  {spend, asLibrary}: {readonly spend: Spend; readonly asLibrary: AsLibrary},
): Value | null {
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
    case 'not in': {
      const isIn = contains(right, left, spend);
      return isIn && toValue(isIn.value !== true);
    }
    case '/':
    case '//':
      refuseZero(right);
      return null;
    case '%':
      refuseZero(right);
      return remainder(left, right, asLibrary);
    case '+':
      refuseMixed(left, right);
      return null;
    case '*':
      return repeated(left, right, spend);
    default:
      return compared(operator, left, right);
  }
}

function contains(list: Value, part: Value, spend: Spend): Value | null {
  const parts = partsOf(list);
  return parts && toValue(parts.some((each) => isEqual(each, part, spend)));
}

/** The library makes a text of whatever is added to one. */
function refuseMixed(left: Value, right: Value): void {
  const texts = [left, right].filter(({value}) => typeof value === 'string').length;
  if (texts === 1) throw new TypeError(`it adds ${left.type} and ${right.type}`);
}

/** A text so many times. */
function repeated(left: Value, right: Value, spend: Spend): Value | null {
  const [text, times] = typeof left.value === 'string' ? [left.value, right] : [right.value, left];
  if (typeof text !== 'string' || times.type !== 'IntegerValue') return null;
  const count = Math.max(0, Number(times.value));
  spend((text.length * count) / CHARACTERS_PER_STEP);
  return toValue(text.repeat(count));
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
  const [characters, others] = [Array.from(one), Array.from(other)];
  const at = characters.findIndex((character, index) => character !== others[index]);
  if (at === -1) return characters.length - others.length;
  return (characters[at]?.codePointAt(0) ?? 0) - (others[at]?.codePointAt(0) ?? -1);
}

function refuseZero(divisor: Value): void {
  if (isNumber(divisor) && Number(divisor.value) === 0) throw new TypeError('it divides by zero');
}

/** With the sign of the divisor, where the library's has that of the dividend. */
function remainder(left: Value, right: Value, asLibrary: AsLibrary): Value | null {
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
  const parts = partsOf(one);
  const others = partsOf(other);
  if (parts !== null && others !== null) {
    return parts.length === others.length && parts.every((part, at) => same(part, others[at]));
  }
  const entries: unknown = one.value;
  const otherEntries: unknown = other.value;
  if (!(entries instanceof Map && otherEntries instanceof Map)) return entries === otherEntries;
  if (entries.size !== otherEntries.size) return false;
  const pairs: readonly (readonly [string, Value])[] = [...entries];
  return pairs.every(([key, value]) => same(value, otherEntries.get(key)));

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

export function isNumber({type}: Value): boolean {
  return type === 'IntegerValue' || type === 'FloatValue' || type === 'BooleanValue';
}

/** Of a list or a tuple. */
export function partsOf({value}: Value): readonly Value[] | null {
  if (!Array.isArray(value)) return null;
  const parts: readonly Value[] = value;
  return parts;
}

/** What a loop goes over: the parts of a list, the characters of a text, the keys of a dictionary; nothing of what is not there. */
export function iterated(value: Value, spend: Spend): Value {
  if (value.type === 'UndefinedValue') return arrayOf([]);
  if (typeof value.value === 'string') {
    spend(value.value.length);
    return arrayOf(Array.from(value.value, toValue));
  }
  return value;
}
