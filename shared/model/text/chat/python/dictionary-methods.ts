import {
  entriesOf,
  given,
  keysOf,
  pairsOf,
  partAt,
  toValue,
  tupleOf,
  viewOf,
  type Arguments,
  type Value,
} from './python-values.ts';

type Method = (dictionary: Value, args: Arguments) => Value;

/** Of Python's `dict`; a key of the same name hides none of them. */
export const DICTIONARY_METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['get', partOr],
  ['items', listed(itemTuples)],
  ['keys', listed(keysOf)],
  ['values', listed((dictionary) => [...(entriesOf(dictionary)?.values() ?? [])])],
]);

function listed(parts: (dictionary: Value) => readonly Value[]): Method {
  return (dictionary, args) => {
    given(args, []);
    return viewOf(parts(dictionary));
  };
}

function partOr(dictionary: Value, args: Arguments): Value {
  const {key, default: otherwise = toValue(null)} = given(args, ['key', 'default']);
  return (key && partAt(dictionary, key)) ?? otherwise;
}

/** Keys with their values, as tuples. */
export function itemTuples(dictionary: Value): readonly Value[] {
  return pairsOf(dictionary).map(tupleOf);
}
