import {Environment, type Interpreter} from '@huggingface/jinja';
import {TEXT_METHODS} from './text-methods.ts';

export type Statement = Parameters<Interpreter['evaluate']>[0];
export type Value = ReturnType<Interpreter['evaluate']>;

/** What templates expect of Python's values and the library's have otherwise. */

/** A boolean is printed with a capital: the library's are `true` and `false`. */
export function adaptBoolean(result: Value): void {
  if (typeof result.value === 'boolean') result.toString = () => (result.value ? 'True' : 'False');
}

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
    builtins.set(name, asFunction(call));
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
      asFunction(() => sorted),
    );
  }
  return result;
}

type Key = {readonly type: string; readonly value: unknown};

/** Of the library's kind: its class is not exported, and an environment makes one of any function. */
function asFunction(call: (...values: readonly unknown[]) => unknown): Value {
  return new Environment().set('call', call);
}
