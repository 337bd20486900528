import {isLess, iterated, partsOf} from './operators.ts';
import {textOf} from './python-text.ts';
import {arrayOf, isTruthy, toValue, type Value} from './python-values.ts';
import {spendOn, spendOnCharacters, spendOnWhole, type Spend} from './spending.ts';
import {capitalise, strip} from './text-methods.ts';

export type Arguments = {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
};
/** What filters need of the interpreter. */
export type Tools = {
  readonly spend: Spend;
  /** Any filter or test, by its name. */
  readonly filter: (name: string, operand: Value, given: Arguments) => Value;
  readonly test: (name: string, operand: Value, given: Arguments) => boolean;
  readonly operate: (operator: string, left: Value, right: Value) => Value;
};
/** `null`: as the library has it. */
type Filter = (operand: Value, given: Arguments, tools: Tools) => Value | null;

/**
 * Filters of Jinja that the library lacks, or whose results are others than in Python.
 * https://jinja.palletsprojects.com/en/stable/templates/#list-of-builtin-filters
 */
export const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['string', (operand, _, {spend}) => toValue(textOf(operand, spend))],
  ['tojson', spendOnJson],
  [
    'trim',
    (operand, given, {spend}) =>
      toValue(strip(textOf(operand, spend), argument(given, 0, 'chars')?.value)),
  ],
  ['capitalize', (operand, _, {spend}) => toValue(capitalise(textOf(operand, spend)))],
  ['title', (operand, _, {spend}) => toValue(titled(textOf(operand, spend)))],
  ['int', truncated],
  ['default', otherwiseEmpty],
  ['unique', unique],
  ['length', lengthOf],
  ['count', lengthOf],
  ['list', (operand, _, {spend}) => arrayOf(itemsOf(operand, spend))],
  ['first', (operand, _, {spend}) => itemsOf(operand, spend)[0] ?? toValue(undefined)],
  ['last', (operand, _, {spend}) => itemsOf(operand, spend).at(-1) ?? toValue(undefined)],
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
  ['d', (operand, given, {filter}) => filter('default', operand, given)],
]);

function argument({positional, named}: Arguments, at: number, name: string): Value | undefined {
  return positional[at] ?? named.get(name);
}

/** The library writes JSON, whatever it takes. */
function spendOnJson(operand: Value, {named}: Arguments, {spend}: Tools): null {
  const indent = named.get('indent');
  const separators = named.get('separators');
  const lengths = (separators && partsOf(separators))?.map(({value}) =>
    typeof value === 'string' ? value.length : 0,
  );
  spendOnWhole(operand, {
    spend,
    padding: lengths?.reduce((total, length) => total + length, 0) ?? 0,
    indent: indent?.type === 'IntegerValue' ? Math.max(0, Number(indent.value)) : 0,
  });
  return null;
}

function itemsOf(operand: Value, spend: Spend): readonly Value[] {
  const value: unknown = operand.value;
  if (value instanceof Map) return Array.from(value.keys(), toValue);
  const parts = partsOf(iterated(operand, spend));
  if (parts === null) throw new TypeError(`it goes over ${operand.type}`);
  for (const part of parts) spendOn(part, spend);
  return parts;
}

/** Of a text in characters, of which some are two units of UTF-16. */
function lengthOf(operand: Value): Value | null {
  if (operand.type === 'UndefinedValue') return toValue(0);
  const value: unknown = operand.value;
  if (Array.isArray(value)) return toValue(value.length);
  if (operand.type === 'ObjectValue' && value instanceof Map) return toValue(value.size);
  if (typeof operand.value !== 'string') return null;
  const length = operand.value.replaceAll(/[\u{10000}-\u{10FFFF}]/gu, '-').length;
  return toValue(length);
}

/** The first letter of each word large, and the others small; a word may have an apostrophe. */
function titled(text: string): string {
  return text.replaceAll(/[^-\s({[<]+/gu, capitalise);
}

/** The library rounds down. */
function truncated({type, value}: Value): Value | null {
  return type === 'FloatValue' ? toValue(Math.trunc(Number(value)) + 0) : null;
}

function otherwiseEmpty({type}: Value, {positional, named}: Arguments): Value | null {
  const isBare = positional.length === 0 && named.size === 0;
  return type === 'UndefinedValue' && isBare ? toValue('') : null;
}

/** The first of each; whatever the case of a text, unless it is asked for. */
function unique(operand: Value, given: Arguments, {spend}: Tools): Value {
  const minds = argument(given, 0, 'case_sensitive');
  const attribute = argument(given, 1, 'attribute');
  const seen = new Set<unknown>();
  return arrayOf(
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
  return typeof operand.value === 'string'
    ? toValue(items.map((item) => textOf(item, spend)).join(''))
    : arrayOf(items);
}

function join(operand: Value, given: Arguments, {spend}: Tools): Value {
  const separator = argument(given, 0, 'd');
  const attribute = argument(given, 1, 'attribute');
  const between = separator === undefined ? '' : textOf(separator, spend);
  const items = partsOfAll(itemsOf(operand, spend), attribute, spend);
  spendOnCharacters(items.length * between.length, spend);
  return toValue(items.map((item) => textOf(item, spend)).join(between));
}

/** By an attribute, or through another filter. */
function map(operand: Value, given: Arguments, {spend, filter}: Tools): Value {
  const attribute = given.named.get('attribute');
  const otherwise = given.named.get('default');
  const [name, ...rest] = given.positional;
  const items = itemsOf(operand, spend);
  if (attribute !== undefined) {
    const parts = partsOfAll(items, attribute, spend);
    return arrayOf(
      parts.map((part) => (part.type === 'UndefinedValue' ? (otherwise ?? part) : part)),
    );
  }
  if (name === undefined) throw new TypeError('map() takes the name of a filter or an attribute');
  const others = {positional: rest, named: given.named};
  return arrayOf(items.map((item) => filter(textOf(name, spend), item, others)));
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
    return arrayOf(
      itemsOf(operand, spend).filter((item) => {
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

function sum(operand: Value, given: Arguments, {spend, operate}: Tools): Value {
  const attribute = argument(given, 0, 'attribute');
  const start = argument(given, 1, 'start') ?? toValue(0);
  const items = partsOfAll(itemsOf(operand, spend), attribute, spend);
  return items.reduce((total, item) => operate('+', total, item), start);
}

/** Of texts whatever their case, unless it is asked for. */
function extreme(isBetter: (order: Order, candidate: Value, best: Value) => boolean): Filter {
  return (operand, given, {spend}) => {
    const order = orderOf(argument(given, 0, 'case_sensitive'), spend);
    const attribute = argument(given, 1, 'attribute');
    const items = itemsOf(operand, spend);
    return items.reduce<Value>((best, item) => {
      if (best.type === 'UndefinedValue') return item;
      const [part, bestPart] = partsOfAll([item, best], attribute, spend);
      return part && bestPart && isBetter(order, part, bestPart) ? item : best;
    }, toValue(undefined));
  };
}

/** Those that are alike stay in their order. */
function sorted(operand: Value, given: Arguments, {spend}: Tools): Value {
  const reverse = argument(given, 0, 'reverse');
  const order = orderOf(argument(given, 1, 'case_sensitive'), spend);
  const attribute = argument(given, 2, 'attribute');
  const direction = reverse && isTruthy(reverse) ? -1 : 1;
  const keyed = itemsOf(operand, spend).map((item) => ({
    item,
    key: partOf(item, attribute, spend),
  }));
  keyed.sort(({key: one}, {key: other}) => {
    if (order(one, other)) return -direction;
    return order(other, one) ? direction : 0;
  });
  return arrayOf(keyed.map(({item}) => item));
}

type Order = (one: Value, other: Value) => boolean;

function orderOf(minds: Value | undefined, spend: Spend): Order {
  const isFolded = !(minds && isTruthy(minds));
  return (one, other) => isLess(one, other, {isFolded, spend});
}

function memberOf(owner: Value, name: string): Value | undefined {
  const value: unknown = owner.value;
  if (!(value instanceof Map)) return partsOf(owner)?.[Number(name)];
  const members: ReadonlyMap<string, Value> = value;
  return members.get(name);
}

/** `a.b.0` of a value; the value itself where nothing is asked for. */
function partOf(item: Value, attribute: Value | undefined, spend: Spend): Value {
  if (attribute === undefined || attribute.type === 'NullValue') return item;
  let part: Value | undefined = item;
  for (const name of textOf(attribute, spend).split('.')) {
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
