import {itemTuples} from './dictionary-methods.ts';
import {isLess, iterated, orderBy} from './operators.ts';
import {fixed, percentFormat} from './percent-format.ts';
import {characterCount, textOf} from './python-text.ts';
import {
  arrayOf,
  entriesOf,
  floatOf,
  generatorOf,
  given,
  isGenerator,
  isTruthy,
  partsOf,
  refuseNoList,
  takenFrom,
  toValue,
  tupleOf,
  type Arguments,
  type Value,
} from './python-values.ts';
import {spendOn, spendOnCharacters, spendOnEach, type Spend} from './spending.ts';
import {capitalise, linesOf, numberIn, strip, TEXT_METHODS} from './text-methods.ts';
import {jsonOf} from './write-json.ts';

/** What filters need of the interpreter. */
export type Tools = {
  readonly spend: Spend;
  /** Any filter or test, by its name. */
  readonly filter: (name: string, operand: Value, given: Arguments) => Value;
  readonly test: (name: string, operand: Value, given: Arguments) => boolean;
  readonly operate: (operator: string, left: Value, right: Value) => Value;
};
/** Of `indent`. */
const DEFAULT_INDENT = 4;
/** Of `round`: powers of ten up to there are exact. */
const MOST_DIGITS = 22;

/** `null`: as the library has it. */
type Filter = (operand: Value, args: Arguments, tools: Tools) => Value | null;

/**
 * Filters of Jinja that the library lacks, or whose results are others than in Python.
 * https://jinja.palletsprojects.com/en/stable/templates/#list-of-builtin-filters
 */
export const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['string', (operand, _, {spend}) => toValue(textOf(operand, spend))],
  ['tojson', (operand, args, {spend}) => toValue(jsonOf(operand, args, spend))],
  [
    'trim',
    (operand, args, {spend}) =>
      toValue(strip(textOf(operand, spend), given(args, ['chars']).chars)),
  ],
  ['upper', ofText('upper')],
  ['lower', ofText('lower')],
  ['replace', ofText('replace')],
  ['indent', indented],
  ['format', (operand, args, {spend}) => toValue(formatted(textOf(operand, spend), args, spend))],
  ['capitalize', (operand, _, {spend}) => toValue(capitalise(textOf(operand, spend)))],
  ['title', (operand, _, {spend}) => toValue(titled(textOf(operand, spend), spend))],
  ['int', wholeOf],
  ['float', floatFrom],
  ['round', rounded],
  ['default', otherwise],
  ['dictsort', dictionarySorted],
  ['items', itemsIn],
  ['unique', unique],
  ['length', lengthOf],
  ['count', lengthOf],
  ['list', (operand, _, {spend}) => arrayOf(itemsOf(operand, spend))],
  ['first', (operand, _, {spend}) => firstOf(operand, spend)],
  ['last', (operand, _, {spend}) => lastOf(operand, spend)],
  ['reverse', reversed],
  ['join', join],
  ['map', map],
  ['select', select({isKept: true, isByAttribute: false})],
  ['reject', select({isKept: false, isByAttribute: false})],
  ['selectattr', select({isKept: true, isByAttribute: true})],
  ['rejectattr', select({isKept: false, isByAttribute: true})],
  ['sum', sum],
  ['min', extreme((order, candidate, best) => order(candidate, best))],
  ['max', extreme((order, candidate, best) => order(best, candidate))],
  ['sort', sorted],
  ['d', otherwise],
]);

function argument({positional, named}: Arguments, at: number, name: string): Value | undefined {
  return positional[at] ?? named.get(name);
}

/** As a method of Python's texts. */
function ofText(method: string): Filter {
  return (operand, args, {spend}) =>
    TEXT_METHODS.get(method)?.(textOf(operand, spend), args, spend) ?? null;
}

/** Each line but the first, and those without a letter, behind so many blanks or a text. */
function indented(operand: Value, args: Arguments, {spend}: Tools): Value {
  if (typeof operand.value !== 'string') throw new TypeError('indent takes a text');
  const {width = toValue(DEFAULT_INDENT), first, blank} = given(args, ['width', 'first', 'blank']);
  // The end of a line at the end begins one here.
  const lines = linesOf(`${textOf(operand, spend)}\n`, false, spend);
  const space = blanksOf(width, (length) => {
    spendOnCharacters(lines.length * length, spend);
  });
  const [isFirst, isBlank] = [first, blank].map((each) => each !== undefined && isTruthy(each));
  const written = lines.map((line, at) => {
    if (at === 0) return isFirst ? space + line : line;
    return line === '' && !isBlank ? line : space + line;
  });
  return toValue(written.join('\n'));
}

/** @param onLength called with the length of the text before it is made. */
function blanksOf(width: Value, onLength: (length: number) => void): string {
  if (typeof width.value === 'string') {
    onLength(width.value.length);
    return width.value;
  }
  if (width.type !== 'IntegerValue') throw new TypeError('it indents by a number or a text');
  const length = Math.max(0, Number(width.value));
  onLength(length);
  return ' '.repeat(length);
}

function formatted(text: string, {positional, named}: Arguments, spend: Spend): string {
  if (named.size > 0) throw new TypeError('format() takes no names');
  return percentFormat(text, tupleOf(positional), spend);
}

/** What is false has nothing in it for filters that choose or change parts, whatever it is. */
function itemsIfAny(operand: Value, spend: Spend): readonly Value[] {
  return isTruthy(operand) ? itemsOf(operand, spend) : [];
}

function firstOf(operand: Value, spend: Spend): Value {
  return (
    (isGenerator(operand) ? takenFrom(operand, 1) : itemsOf(operand, spend))[0] ??
    toValue(undefined)
  );
}

function lastOf(operand: Value, spend: Spend): Value {
  if (isGenerator(operand)) refuseNoList(operand, 'it takes the last of');
  return itemsOf(operand, spend).at(-1) ?? toValue(undefined);
}

function itemsOf(operand: Value, spend: Spend): readonly Value[] {
  const parts = partsOf(iterated(operand, spend));
  if (parts === null) throw new TypeError(`it goes over ${operand.type}`);
  for (const part of parts) spendOn(part, spend);
  return parts;
}

/** Of a text in characters, of which some are two units of UTF-16. */
function lengthOf(operand: Value): Value | null {
  if (isGenerator(operand)) refuseNoList(operand, 'it counts');
  if (operand.type === 'UndefinedValue') return toValue(0);
  const value: unknown = operand.value;
  if (Array.isArray(value)) return toValue(value.length);
  if (operand.type === 'ObjectValue' && value instanceof Map) return toValue(value.size);
  if (typeof operand.value !== 'string') return null;
  return toValue(characterCount(operand.value));
}

/** The first letter of each word large, and the others small; a word may have an apostrophe. */
function titled(text: string, spend: Spend): string {
  spendOnEach({value: text}, spend);
  return text.replaceAll(/[^-\s({[<]+/gu, capitalise);
}

/** Towards zero; what is no number is 0 or what is asked for. */
function wholeOf(operand: Value, args: Arguments): Value {
  const {default: ifNone = toValue(0), base} = given(args, ['default', 'base']);
  if (base !== undefined && base.value !== 10) throw new TypeError('int() takes no other base');
  const number = numberIn(operand);
  if (number === null || !Number.isFinite(number)) return ifNone;
  if (!Number.isSafeInteger(Math.trunc(number))) throw new RangeError('int() is beyond 2^53');
  return toValue(Math.trunc(number) + 0);
}

function floatFrom(operand: Value, args: Arguments): Value {
  const {default: ifNone = floatOf(0)} = given(args, ['default']);
  const number = numberIn(operand);
  return number === null ? ifNone : floatOf(number);
}

/** Of two numbers that are as near, the even one. */
function rounded(operand: Value, args: Arguments): Value {
  const {precision = toValue(0), method = toValue('common')} = given(args, ['precision', 'method']);
  const digits: unknown = precision.value;
  const isNumber = operand.type === 'IntegerValue' || operand.type === 'FloatValue';
  if (!isNumber || typeof digits !== 'number' || !(digits >= 0 && digits <= MOST_DIGITS)) {
    throw new TypeError('round() takes a number, and up to 22 digits');
  }
  const number = Number(operand.value);
  const scale = 10 ** digits;
  switch (method.value) {
    case 'common':
      return operand.type === 'IntegerValue' ? operand : floatOf(Number(fixed(number, digits)));
    case 'ceil':
      return floatOf(Math.ceil(number * scale) / scale);
    case 'floor':
      return floatOf(Math.floor(number * scale) / scale);
    default:
      throw new TypeError('round() knows "common", "ceil" and "floor"');
  }
}

function otherwise(operand: Value, args: Arguments): Value {
  const {default_value = toValue(''), boolean} = given(args, ['default_value', 'boolean']);
  const isAsked = boolean !== undefined && isTruthy(boolean);
  const isMissing = operand.type === 'UndefinedValue' || (isAsked && !isTruthy(operand));
  return isMissing ? default_value : operand;
}

function itemsIn(operand: Value): Value {
  if (operand.type === 'UndefinedValue') return generatorOf([]);
  return generatorOf(pairsIn(operand, 'items'));
}

function pairsIn(operand: Value, filter: string): readonly Value[] {
  if (operand.type !== 'ObjectValue') throw new TypeError(`${filter} takes a dictionary`);
  return itemTuples(operand);
}

/** By its keys or its values; of texts whatever their case, unless it is asked for. */
function dictionarySorted(operand: Value, args: Arguments, {spend}: Tools): Value {
  const {case_sensitive, by, reverse} = given(args, ['case_sensitive', 'by', 'reverse']);
  const side: unknown = by === undefined ? 'key' : by.value;
  if (side !== 'key' && side !== 'value') throw new TypeError('dictsort sorts by key or value');
  const place = side === 'key' ? 0 : 1;
  const keyed = pairsIn(operand, 'dictsort').map((item) => ({
    item,
    key: partsOf(item)?.[place] ?? item,
  }));
  return arrayOf(inOrder(keyed, orderOf(case_sensitive, spend), reverse));
}

/** The first of each; whatever the case of a text, unless it is asked for. */
function unique(operand: Value, args: Arguments, {spend}: Tools): Value {
  const minds = argument(args, 0, 'case_sensitive');
  const attribute = argument(args, 1, 'attribute');
  const seen = new Set<unknown>();
  return generatorOf(
    itemsOf(operand, spend).filter((item) => {
      const {value} = partOf(item, attribute, spend);
      const isFolded = typeof value === 'string' && !(minds && isTruthy(minds));
      const key: unknown = isFolded ? value.toLowerCase() : value;
      const isNew = !seen.has(key);
      seen.add(key);
      return isNew;
    }),
  );
}

function reversed(operand: Value, _: Arguments, {spend}: Tools): Value {
  const items = itemsOf(operand, spend).toReversed();
  if (typeof operand.value === 'string') {
    return toValue(items.map((item) => textOf(item, spend)).join(''));
  }
  return isGenerator(operand) ? arrayOf(items) : generatorOf(items);
}

function join(operand: Value, args: Arguments, {spend}: Tools): Value {
  const separator = argument(args, 0, 'd');
  const attribute = argument(args, 1, 'attribute');
  const between = separator === undefined ? '' : textOf(separator, spend);
  const items = partsOfAll(itemsOf(operand, spend), attribute, spend);
  spendOnCharacters(items.length * between.length, spend);
  return toValue(items.map((item) => textOf(item, spend)).join(between));
}

/** By an attribute, or through another filter. */
function map(operand: Value, args: Arguments, {spend, filter}: Tools): Value {
  const attribute = args.named.get('attribute');
  const ifNone = args.named.get('default');
  const [name, ...rest] = args.positional;
  const items = itemsIfAny(operand, spend);
  if (attribute !== undefined) {
    const parts = partsOfAll(items, attribute, spend);
    return generatorOf(
      parts.map((part) => (part.type === 'UndefinedValue' ? (ifNone ?? part) : part)),
    );
  }
  if (name === undefined) throw new TypeError('map() takes the name of a filter or an attribute');
  const others = {positional: rest, named: args.named};
  return generatorOf(items.map((item) => filter(textOf(name, spend), item, others)));
}

function select({
  isKept,
  isByAttribute,
}: {
  readonly isKept: boolean;
  readonly isByAttribute: boolean;
}): Filter {
  return (operand, {positional, named}, {spend, test}) => {
    const attribute = isByAttribute ? positional[0] : undefined;
    const [name, ...rest] = isByAttribute ? positional.slice(1) : positional;
    return generatorOf(
      itemsIfAny(operand, spend).filter((item) => {
        const part = partOf(item, attribute, spend);
        const isTrue =
          name === undefined
            ? isTruthy(part)
            : test(textOf(name, spend), part, {positional: rest, named});
        return isTrue === isKept;
      }),
    );
  };
}

function sum(operand: Value, args: Arguments, {spend, operate}: Tools): Value {
  const attribute = argument(args, 0, 'attribute');
  const start = argument(args, 1, 'start') ?? toValue(0);
  const items = partsOfAll(itemsOf(operand, spend), attribute, spend);
  return items.reduce((total, item) => operate('+', total, item), start);
}

/** Of texts whatever their case, unless it is asked for. */
function extreme(isBetter: (order: Order, candidate: Value, best: Value) => boolean): Filter {
  return (operand, args, {spend}) => {
    const order = orderOf(argument(args, 0, 'case_sensitive'), spend);
    const attribute = argument(args, 1, 'attribute');
    const items = itemsOf(operand, spend);
    return items.reduce<Value>((best, item) => {
      if (best.type === 'UndefinedValue') return item;
      const [part, bestPart] = partsOfAll([item, best], attribute, spend);
      return part && bestPart && isBetter(order, part, bestPart) ? item : best;
    }, toValue(undefined));
  };
}

/** Those that are alike stay in their order. */
function sorted(operand: Value, args: Arguments, {spend}: Tools): Value {
  const reverse = argument(args, 0, 'reverse');
  const order = orderOf(argument(args, 1, 'case_sensitive'), spend);
  const attribute = argument(args, 2, 'attribute');
  const keyed = itemsOf(operand, spend).map((item) => ({
    item,
    key: partOf(item, attribute, spend),
  }));
  return arrayOf(inOrder(keyed, order, reverse));
}

function inOrder(
  keyed: readonly {readonly item: Value; readonly key: Value}[],
  order: Order,
  reverse: Value | undefined,
): readonly Value[] {
  const direction = reverse && isTruthy(reverse) ? -1 : 1;
  const compare = orderBy(order);
  const sortedItems = keyed.toSorted(({key: one}, {key: other}) => direction * compare(one, other));
  return sortedItems.map(({item}) => item);
}

type Order = (one: Value, other: Value) => boolean;

function orderOf(minds: Value | undefined, spend: Spend): Order {
  const isFolded = !(minds && isTruthy(minds));
  return (one, other) => isLess(one, other, {isFolded, spend});
}

function memberOf(owner: Value, name: string): Value | undefined {
  const entries = entriesOf(owner);
  return entries === null ? partsOf(owner)?.[Number(name)] : entries.get(name);
}

/** `a.b.0` of a value; the value itself where nothing is asked for. */
function partOf(item: Value, attribute: Value | undefined, spend: Spend): Value {
  if (attribute === undefined || attribute.type === 'NullValue') return item;
  let part: Value | undefined = item;
  const names = textOf(attribute, spend).split('.');
  spend(names.length);
  for (const name of names) {
    part = part && memberOf(part, name);
  }
  const found = part ?? toValue(undefined);
  spendOn(found, spend);
  return found;
}

function partsOfAll(
  items: readonly Value[],
  attribute: Value | undefined,
  spend: Spend,
): readonly Value[] {
  return items.map((item) => partOf(item, attribute, spend));
}
