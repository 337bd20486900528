import {DICTIONARY_METHODS} from './dictionary-methods.ts';
import {
  entriesOf,
  functionOf,
  isRange,
  partAt,
  partsOf,
  rangeOf,
  toValue,
  tupleOf,
  type Value,
} from './python-values.ts';
import {spendOn, type Spend} from './spending.ts';
import {TEXT_METHODS} from './text-methods.ts';

/** A character of two units of UTF-16. */
const PAIR = /[\u{10000}-\u{10FFFF}]/u;

/** `owner.name`: a method, before a key of the same name. */
export function attributeOf(owner: Value, name: string, spend: Spend): Value {
  return methodOf(owner, name, spend) ?? partNamed(owner, toValue(name));
}

/** `owner[key]`: a key, before a method. `null`: as the library has it. */
export function itemOf(owner: Value, key: Value, spend: Spend): Value | null {
  if (typeof owner.value === 'string' && key.type === 'IntegerValue') {
    return toValue(characterAt(owner.value, Number(key.value), spend));
  }
  if (typeof key.value !== 'string' && entriesOf(owner) === null) return null;
  const part = partNamed(owner, key);
  if (part.type !== 'UndefinedValue' || typeof key.value !== 'string') return part;
  return methodOf(owner, key.value, spend) ?? part;
}

/** Of a text or a dictionary. */
function methodOf(owner: Value, name: string, spend: Spend): Value | null {
  const {value} = owner;
  if (typeof value === 'string') {
    const method = TEXT_METHODS.get(name);
    if (method === undefined) return null;
    return functionOf((args) => {
      for (const each of [owner, ...args.positional, ...args.named.values()]) spendOn(each, spend);
      return method(value, args, spend);
    });
  }
  const method = owner.type === 'ObjectValue' ? DICTIONARY_METHODS.get(name) : undefined;
  if (method === undefined) return null;
  const size = name === 'get' ? 0 : (entriesOf(owner)?.size ?? 0);
  return functionOf((args) => {
    spend(size);
    return method(owner, args);
  });
}

/** Nothing where there is no such key, and for what has none. */
function partNamed(owner: Value, key: Value): Value {
  return partAt(owner, key) ?? toValue(undefined);
}

function characterAt(text: string, at: number, spend: Spend): string | undefined {
  if (!PAIR.test(text)) return text.at(at);
  spend(text.length);
  return Array.from(text).at(at);
}

/** A slice of a tuple is one, and that of a range. */
export function sameKind(owner: Value, part: Value): Value {
  const parts = partsOf(part) ?? [];
  if (owner.type === 'TupleValue') return tupleOf(parts);
  return isRange(owner) ? rangeOf(parts) : part;
}
