import {isLess, orderBy} from './operators.ts';
import {floatText, textOf} from './python-text.ts';
import {
  given,
  isTruthy,
  pairsOf,
  partsOf,
  refuseNoList,
  type Arguments,
  type Value,
} from './python-values.ts';
import {spendOn, spendOnCharacters, spendOnEach, type Spend} from './spending.ts';

/** Of those that are written: `~`. */
const LAST_ASCII = 0x7e;

type Style = {
  readonly between: string;
  readonly behindKey: string;
  /** Around each part, for each list or dictionary that it lies in; `null`: all in one line. */
  readonly indent: string | null;
  readonly isAscii: boolean;
  readonly isSorted: boolean;
  readonly spend: Spend;
};

/**
 * The filter `tojson` as transformers has it, which is Python's `json.dumps`.
 *
 * @param options `ensure_ascii`, `indent`, `separators`, `sort_keys`.
 * @throws {TypeError} for what is no JSON: what is not there, a namespace, a function.
 */
export function jsonOf(value: Value, options: Arguments, spend: Spend): string {
  const style = styleOf(options, spend);
  return written(value, style, '\n');
}

function styleOf(options: Arguments, spend: Spend): Style {
  const {ensure_ascii, indent, separators, sort_keys} = given(options, [
    'ensure_ascii',
    'indent',
    'separators',
    'sort_keys',
  ]);
  const step = indentOf(indent, spend);
  const [between, behindKey] = separatorsOf(separators) ?? [step === null ? ', ' : ',', ': '];
  return {
    between,
    behindKey,
    indent: step,
    isAscii: ensure_ascii !== undefined && isTruthy(ensure_ascii),
    isSorted: sort_keys !== undefined && isTruthy(sort_keys),
    spend,
  };
}

function indentOf(indent: Value | undefined, spend: Spend): string | null {
  if (indent === undefined || indent.type === 'NullValue') return null;
  if (typeof indent.value === 'string') return indent.value;
  if (indent.type !== 'IntegerValue') throw new TypeError('tojson() indents by a number or a text');
  const width = Math.max(0, Number(indent.value));
  spendOnCharacters(width, spend);
  return ' '.repeat(width);
}

function separatorsOf(separators: Value | undefined): readonly [string, string] | null {
  if (separators === undefined || separators.type === 'NullValue') return null;
  const [between, behindKey, ...others] = (partsOf(separators) ?? []).map(({value}) => value);
  if (typeof between === 'string' && typeof behindKey === 'string' && others.length === 0) {
    return [between, behindKey];
  }
  throw new TypeError('tojson() takes two texts as separators');
}

/** @param line the end of a line and the blanks in front of what is around. */
function written(value: Value, style: Style, line: string): string {
  spendOn(value, style.spend);
  refuseNoList(value, 'tojson() writes');
  const held: unknown = value.value;
  if (typeof held === 'string') return quoted(held, style);
  if (value.type === 'NullValue') return 'null';
  if (typeof held === 'boolean') return String(held);
  if (typeof held === 'number') return numberText(value, held);
  const parts = partsOf(value);
  if (parts !== null) {
    return enclosed('[]', parts, {
      style,
      line,
      write: (part, inner) => written(part, style, inner),
    });
  }
  if (value.type !== 'ObjectValue') throw new TypeError(`tojson() cannot write ${value.type}`);
  return enclosed('{}', entriesIn(value, style), {
    style,
    line,
    write: ([key, part], inner) =>
      quoted(key, style) + style.behindKey + written(part, style, inner),
  });
}

function enclosed<Part>(
  brackets: string,
  parts: readonly Part[],
  {
    style: {between, indent, spend},
    line,
    write,
  }: {
    readonly style: Style;
    readonly line: string;
    readonly write: (part: Part, line: string) => string;
  },
): string {
  const inner = indent === null ? '' : line + indent;
  const outer = indent === null || parts.length === 0 ? '' : line;
  const texts = parts.map((part) => {
    spendOnCharacters(between.length + inner.length, spend);
    return inner + write(part, inner);
  });
  return brackets.charAt(0) + texts.join(between) + outer + brackets.charAt(1);
}

function entriesIn(value: Value, {isSorted, spend}: Style): readonly (readonly [string, Value])[] {
  const pairs = pairsOf(value);
  const inOrder = orderBy((one, other) => isLess(one, other, {isFolded: false, spend}));
  const sorted = isSorted ? pairs.toSorted(([one], [other]) => inOrder(one, other)) : pairs;
  return sorted.map(([key, part]) => [textOf(key, spend), part]);
}

function quoted(text: string, {behindKey, isAscii, spend}: Style): string {
  spendOnCharacters(text.length + behindKey.length, spend);
  const json = JSON.stringify(text);
  if (!isAscii) return json;
  spendOnEach({value: json}, spend);
  let ascii = '';
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    ascii += code <= LAST_ASCII ? json.charAt(at) : `\\u${code.toString(16).padStart(4, '0')}`;
  }
  return ascii;
}

function numberText({type}: Value, value: number): string {
  if (type !== 'FloatValue') return String(value);
  const names: Readonly<Record<string, string>> = {
    nan: 'NaN',
    inf: 'Infinity',
    '-inf': '-Infinity',
  };
  const text = floatText(value);
  return names[text] ?? text;
}
