import {
  entriesOf,
  given,
  keysOf,
  keyText,
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
  ['items', listed(pairsOf)],
  ['keys', listed((dictionary) => keysOf(dictionary) ?? [])],
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
  const name = key === undefined ? null : keyText(dictionary, key);
  return (name === null ? undefined : entriesOf(dictionary)?.get(name)) ?? otherwise;
}

/** Keys with their values. */
export function pairsOf(dictionary: Value): readonly Value[] {
  const values = [...(entriesOf(dictionary)?.values() ?? [])];
  return (keysOf(dictionary) ?? []).map((key, at) =>
    tupleOf([key, values[at] ?? toValue(undefined)]),
  );
}
