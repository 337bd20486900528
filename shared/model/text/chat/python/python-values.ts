import {Environment, type Interpreter} from '@huggingface/jinja';
import {TEXT_METHODS} from './text-methods.ts';

export type Statement = Parameters<Interpreter['evaluate']>[0];
export type Value = ReturnType<Interpreter['evaluate']>;

/** What templates expect of Python's values and the library's have otherwise. */

/**
 * Before a member is taken of it: texts get the methods that the library lacks.
 *
 * @throws {TypeError} for what is not there: the library goes on with nothing.
 */
export function adaptOwner({type, value, builtins}: Value): void {
  if (type === 'UndefinedValue') throw new TypeError('it takes a part of what is not there');
  if (typeof value !== 'string' || !(builtins instanceof Map)) return;
  for (const [name, method] of TEXT_METHODS) {
    const call = (...values: readonly unknown[]) => method(value, ...values);
    builtins.set(name, toValue(call));
  }
}

/**
 * `{512: 128, 1024: 256}`: the library has keys that are texts alone, and would sort them as such.
 *
 * @param evaluate of a literal whose keys are texts.
 */
export function evaluateObject(
  literal: NonNullable<Statement>,
  evaluate: (literal: NonNullable<Statement>) => Value,
): Value {
  if (!('value' in literal) || !(literal.value instanceof Map)) return evaluate(literal);
  const entries: readonly (readonly [Key, unknown])[] = [...literal.value];
  if (!entries.some(([key]) => key.type === 'IntegerLiteral')) return evaluate(literal);
  const value = new Map(
    entries.map(([key, entry]) => [{type: 'StringLiteral', value: String(key.value)}, entry]),
  );
  const result = evaluate(Object.assign(Object.create(literal), {value}));
  const {builtins} = result;
  const parts: unknown = result.value;
  if (builtins instanceof Map && parts instanceof Map) {
    const pairs: readonly (readonly [string, Value])[] = [...parts];
    const sorted = pairs
      .map(([key, part]) => [Number(key), part.value] as const)
      .toSorted(([one], [other]) => one - other);
    builtins.set(
      'dictsort',
      toValue(() => sorted),
    );
  }
  return result;
}

type Key = {readonly type: string; readonly value: unknown};

/** Of the library's kind: its classes are not exported, and an environment makes one of any text or function. */
export function toValue(value: unknown): Value {
  return new Environment().set('value', value);
}

export function arrayOf(parts: readonly Value[]): Value {
  const list = toValue([]);
  Object.assign(list, {value: [...parts]});
  return list;
}

export function isTruthy(value: Value): boolean {
  // oxlint-disable-next-line eslint/no-underscore-dangle -- the library's name for it.
  return value.__bool__().value;
}
