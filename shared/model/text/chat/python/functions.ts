import {formatTime} from './format-time.ts';
import {iterated} from './operators.ts';
import {textOf} from './python-text.ts';
import {
  dictionaryOf,
  entriesOf,
  functionOf,
  given,
  partsOf,
  rangeOf,
  toValue,
  type Arguments,
  type Value,
} from './python-values.ts';
import type {Spend} from './spending.ts';

/** What a template says by `raise_exception`: its own words. */
export class TemplateRefusal extends Error {
  override readonly name = 'TemplateRefusal';
}

/**
 * What a template may call.
 *
 * @param options.nowMs Unix time, which some tell the model.
 * @param options.spend called before as many steps are taken.
 */
export function functionsWithin({
  nowMs,
  spend,
}: {
  readonly nowMs: number;
  readonly spend: Spend;
}): Readonly<Record<string, Value>> {
  return {
    raise_exception: functionOf((args) => {
      const {message = toValue('')} = given(args, ['message']);
      throw new TemplateRefusal(textOf(message, spend));
    }),
    range: functionOf((args) => range(args, spend)),
    dict: functionOf((args) => dictionary(args, spend)),
    strftime_now: functionOf((args) => {
      const {format} = given(args, ['format']);
      if (typeof format?.value !== 'string') throw new TypeError('strftime_now() takes a text');
      // A short format may write a long date.
      spend(format.value.length);
      return toValue(formatTime(format.value, nowMs));
    }),
  };
}

function range(args: Arguments, spend: Spend): Value {
  const {start: first, stop: second, step: third} = given(args, ['start', 'stop', 'step']);
  const numbers = [first, second, third ?? toValue(1)].filter((each) => each !== undefined);
  if (first === undefined || numbers.some(({type}) => type !== 'IntegerValue')) {
    throw new RangeError('range() takes whole numbers');
  }
  const [start, stop] =
    second === undefined
      ? [0, Number(first.value)]
      : [first, second].map(({value}) => Number(value));
  const step = third === undefined ? 1 : Number(third.value);
  const length = Math.max(0, Math.ceil((Number(stop) - Number(start)) / step));
  // Not a number of entries where a step is 0.
  if (!Number.isSafeInteger(length)) throw new RangeError('range() has no such length');
  spend(length);
  return rangeOf(Array.from({length}, (_, i) => toValue(Number(start) + i * step)));
}

/** Of another, or of keys with their values; named arguments come last. */
function dictionary({positional, named}: Arguments, spend: Spend): Value {
  const [from, ...others] = positional;
  if (others.length > 0) throw new TypeError('dict() takes one value');
  if (from === undefined) return dictionaryOf(named);
  const parts = partsOf(from);
  if (parts === null && from.type !== 'ObjectValue')
    throw new TypeError('dict() takes a dictionary');
  const entries = entriesOf(from) ?? new Map(parts?.map((pair) => entryOf(pair, spend)));
  spend(entries.size);
  return dictionaryOf(new Map([...entries, ...named]));
}

function entryOf(pair: Value, spend: Spend): readonly [string, Value] {
  const [key, value, ...others] = partsOf(iterated(pair, spend)) ?? [];
  if (typeof key?.value === 'string' && value !== undefined && others.length === 0) {
    return [key.value, value];
  }
  throw new TypeError('dict() takes texts with their values');
}
