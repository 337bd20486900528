import {iterated} from './operators.ts';
import {characterCount, textOf} from './python-text.ts';
import {
  arrayOf,
  given,
  isTruthy,
  partsOf,
  toValue,
  tupleOf,
  type Arguments,
  type Value,
} from './python-values.ts';
import {spendOnCharacters, spendOnEach, type Spend} from './spending.ts';
import {BLANK} from './syntax/lex-template.ts';

const IS_BLANK = new RegExp(BLANK, 'u');
const BLANKS = new RegExp(`${BLANK}+`, 'gu');
const ALL_BLANK = new RegExp(`^${BLANK}+$`, 'u');
const LINE_END = new RegExp(String.raw`\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]`, 'gu');
/** Characters of Python's `str.isdigit()` that no number is written with, such as ². */
const DIGITS =
  /^[\p{Nd}\u00b2\u00b3\u00b9\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792\u{10a40}-\u{10a43}\u{10e60}-\u{10e68}\u{11052}-\u{1105a}\u{1f100}-\u{1f10a}]+$/u;

type Method = (text: string, args: Arguments, spend: Spend) => Value;

/**
 * Methods of Python's `str`. The library ignores arguments of its own, or does not know them: its
 * `.strip('\n')` takes spaces, too. Places are counted in characters.
 *
 * Each throws a `TypeError` for arguments that Python does not take.
 */
export const TEXT_METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['upper', plain((text) => text.toUpperCase())],
  ['lower', plain((text) => text.toLowerCase())],
  ['capitalize', plain(capitalise)],
  ['title', plainOfEach(titled)],
  ['strip', (text, args) => toValue(strip(text, given(args, ['chars']).chars))],
  ['lstrip', (text, args) => toValue(stripStart(text, given(args, ['chars']).chars))],
  ['rstrip', (text, args) => toValue(stripEnd(text, given(args, ['chars']).chars))],
  ['startswith', (text, args) => toValue(touches(text, args, 'start'))],
  ['endswith', (text, args) => toValue(touches(text, args, 'end'))],
  [
    'removeprefix',
    (text, args) => toValue(withoutPrefix(text, asText(given(args, ['prefix']).prefix))),
  ],
  [
    'removesuffix',
    (text, args) => toValue(withoutSuffix(text, asText(given(args, ['suffix']).suffix))),
  ],
  ['find', (text, args) => toValue(placeOf(text, args, 'first'))],
  ['rfind', (text, args) => toValue(placeOf(text, args, 'last'))],
  ['count', (text, args) => toValue(count(text, args))],
  ['replace', replace],
  ['split', (text, args, spend) => textList(split(text, args, {which: 'first', spend}))],
  ['rsplit', (text, args, spend) => textList(split(text, args, {which: 'last', spend}))],
  ['partition', (text, args, spend) => partition(text, args, {which: 'first', spend})],
  ['rpartition', (text, args, spend) => partition(text, args, {which: 'last', spend})],
  ['splitlines', splitLines],
  ['join', join],
  ['format', format],
  ['isdigit', plainOfEach((text) => DIGITS.test(text))],
  ['isdecimal', plainOfEach((text) => /^\p{Nd}+$/u.test(text))],
  ['isalpha', plainOfEach((text) => /^\p{L}+$/u.test(text))],
  ['isspace', plainOfEach((text) => ALL_BLANK.test(text))],
  ['islower', plain(isLower)],
  ['isupper', plain(isUpper)],
]);

/** Of a text alone. */
function plain(method: (text: string) => string | boolean): Method {
  return (text, args) => {
    given(args, []);
    return toValue(method(text));
  };
}

function plainOfEach(method: (text: string) => string | boolean): Method {
  return (text, args, spend) => {
    spendOnEach({value: text}, spend);
    return plain(method)(text, args, spend);
  };
}

/** The first letter large, and the others small. */
export function capitalise(text: string): string {
  const [first = ''] = text;
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
}

/** A letter behind no other large; an apostrophe begins a word. */
function titled(text: string): string {
  return text.replaceAll(/\p{Cased}+/gu, capitalise);
}

export function isLower(text: string): boolean {
  return /\p{Cased}/u.test(text) && text === text.toLowerCase();
}

export function isUpper(text: string): boolean {
  return /\p{Cased}/u.test(text) && text === text.toUpperCase();
}

/** By Python's rules: any of these characters, in any order; white space where none are given. */
export function strip(text: string, characters?: Value): string {
  return stripEnd(stripStart(text, characters), characters);
}

// Neither looks at more of a text than it takes away: a template may call them on long ones, and often.
function stripStart(text: string, characters: Value | undefined): string {
  const isStripped = stripped(characters);
  let start = 0;
  for (const character of text) {
    if (!isStripped(character)) break;
    start += character.length;
  }
  return text.slice(start);
}

function stripEnd(text: string, characters: Value | undefined): string {
  const isStripped = stripped(characters);
  let end = text.length;
  while (end > 0) {
    const last = lastCharacter(text, end);
    if (!isStripped(last)) break;
    end -= last.length;
  }
  return text.slice(0, end);
}

function lastCharacter(text: string, end: number): string {
  const start = Math.max(0, end - 2);
  const isPair = (text.codePointAt(start) ?? 0) > 0xff_ff;
  return text.slice(isPair ? start : end - 1, end);
}

function stripped(characters: Value | undefined): (unit: string) => boolean {
  if (isLeftOut(characters)) return (unit) => IS_BLANK.test(unit);
  const set = new Set(Array.from(asText(characters)));
  return (unit) => set.has(unit);
}

function isLeftOut(value: Value | undefined): value is undefined {
  return value === undefined || value.type === 'NullValue';
}

function asText(value: Value | undefined): string {
  if (typeof value?.value === 'string') return value.value;
  throw new TypeError('it takes a text');
}

function asCount(value: Value | undefined, otherwise: number): number {
  if (isLeftOut(value)) return otherwise;
  if (value.type === 'IntegerValue') return Number(value.value);
  throw new TypeError('it takes a whole number');
}

/** The part from `start` to `end`, which count from the end where they are below 0; `null`: it begins behind the end. */
function sliced(
  text: string,
  {start, end}: {readonly start?: Value; readonly end?: Value},
): {readonly part: string; readonly from: number} | null {
  if (start === undefined && end === undefined) return {part: text, from: 0};
  const characters = Array.from(text);
  const from = place(asCount(start, 0), characters.length);
  const to = Math.min(place(asCount(end, characters.length), characters.length), characters.length);
  return from > to ? null : {part: characters.slice(from, to).join(''), from};
}

function place(at: number, length: number): number {
  return at < 0 ? Math.max(0, at + length) : at;
}

function touches(text: string, args: Arguments, side: 'start' | 'end'): boolean {
  const {affix, ...range} = given(args, ['affix', 'start', 'end']);
  const part = sliced(text, range)?.part;
  const several = affix?.type === 'TupleValue' ? partsOf(affix) : null;
  const wanted = several === null ? [asText(affix)] : several.map(asText);
  if (part === undefined) return false;
  return wanted.some((each) => (side === 'start' ? part.startsWith(each) : part.endsWith(each)));
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

function withoutSuffix(text: string, suffix: string): string {
  return text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text;
}

type End = 'first' | 'last';

/** -1 where it is not. */
function placeOf(text: string, args: Arguments, which: End): number {
  const {sub, ...range} = given(args, ['sub', 'start', 'end']);
  const found = sliced(text, range);
  if (found === null) return -1;
  const {part, from} = found;
  const at = which === 'first' ? part.indexOf(asText(sub)) : part.lastIndexOf(asText(sub));
  return at === -1 ? -1 : from + characterCount(part.slice(0, at));
}

function count(text: string, args: Arguments): number {
  const {sub, ...range} = given(args, ['sub', 'start', 'end']);
  const part = sliced(text, range)?.part;
  if (part === undefined) return 0;
  // What is empty is between all characters, and around them.
  return asText(sub) === '' ? characterCount(part) + 1 : part.split(asText(sub)).length - 1;
}

/** The first `count` of them; all where it is below 0. */
function replace(text: string, args: Arguments, spend: Spend): Value {
  const {old, new: replacement, count: limit} = given(args, ['old', 'new', 'count']);
  const [from, to] = [asText(old), asText(replacement)];
  const parts = from === '' ? ['', ...Array.from(text), ''] : text.split(from);
  const most = asCount(limit, -1);
  const times = most < 0 ? parts.length - 1 : Math.min(most, parts.length - 1);
  spendOnCharacters(times * to.length, spend);
  const head = parts.slice(0, times + 1).join(to);
  return toValue([head, ...parts.slice(times + 1)].join(from));
}

function textList(texts: readonly string[]): Value {
  return arrayOf(texts.map(toValue));
}

/** At most `maxsplit` times, from the front or from the end; at runs of blanks where no separator is given. */
function split(
  text: string,
  args: Arguments,
  {which, spend}: {readonly which: End; readonly spend: Spend},
): readonly string[] {
  const {sep, maxsplit} = given(args, ['sep', 'maxsplit']);
  const most = asCount(maxsplit, -1);
  const isAtBlanks = isLeftOut(sep);
  const body = isAtBlanks ? strip(text) : text;
  if (isAtBlanks && body === '') return [];
  const cuts = isAtBlanks
    ? matchesIn(body, BLANKS, spend)
    : cutsAt(body, asText(sep), {which, spend});
  const times = most < 0 ? cuts.length : Math.min(most, cuts.length);
  // What is not looked at any more keeps its blanks.
  const isWhole = !isAtBlanks || most < 0 || most > cuts.length;
  if (which === 'first') {
    const chosen = cuts.slice(0, times);
    return piecesOf(isWhole ? body : stripStart(text, undefined), chosen);
  }
  const rest = isWhole ? body : stripEnd(text, undefined);
  const before = rest.length - body.length;
  const chosen = cuts.slice(cuts.length - times);
  return piecesOf(
    rest,
    chosen.map(({from, to}) => ({from: before + from, to: before + to})),
  );
}

type Cut = {readonly from: number; readonly to: number};

/** Steps for a part that a text is cut into. */
const STEPS_PER_CUT = 1 / 4;

function matchesIn(text: string, pattern: RegExp, spend: Spend): readonly Cut[] {
  return Array.from(text.matchAll(pattern), ({0: {length}, index}) => {
    spend(STEPS_PER_CUT);
    return {from: index, to: index + length};
  });
}

/** In the order of the text; from its end, others may be found. */
function cutsAt(
  text: string,
  separator: string,
  {which, spend}: {readonly which: End; readonly spend: Spend},
): readonly Cut[] {
  if (separator === '') throw new TypeError('it takes a separator');
  const {length} = separator;
  const cuts: Cut[] = [];
  if (which === 'first') {
    for (let at = text.indexOf(separator); at !== -1; at = text.indexOf(separator, at + length)) {
      spend(STEPS_PER_CUT);
      cuts.push({from: at, to: at + length});
    }
    return cuts;
  }
  let at = text.lastIndexOf(separator);
  while (at !== -1) {
    spend(STEPS_PER_CUT);
    cuts.push({from: at, to: at + length});
    at = at < length ? -1 : text.lastIndexOf(separator, at - length);
  }
  return cuts.toReversed();
}

function piecesOf(text: string, cuts: readonly Cut[]): readonly string[] {
  const starts = [0, ...cuts.map(({to}) => to)];
  return starts.map((start, at) => text.slice(start, cuts[at]?.from));
}

/** In front of a separator, that, and what is behind. */
function partition(
  text: string,
  args: Arguments,
  {which, spend}: {readonly which: End; readonly spend: Spend},
): Value {
  const separator = asText(given(args, ['sep']).sep);
  const cut = cutsAt(text, separator, {which, spend}).at(which === 'first' ? 0 : -1);
  const parts =
    cut === undefined
      ? which === 'first'
        ? [text, '', '']
        : ['', '', text]
      : [text.slice(0, cut.from), separator, text.slice(cut.to)];
  return tupleOf(parts.map(toValue));
}

/** An end of a line at the end begins no other. */
export function linesOf(text: string, isWithEnds: boolean, spend: Spend): readonly string[] {
  const ends = matchesIn(text, LINE_END, spend).map(({from, to}) => ({
    from: isWithEnds ? to : from,
    to,
  }));
  const lines = piecesOf(text, ends);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function splitLines(text: string, args: Arguments, spend: Spend): Value {
  const {keepends} = given(args, ['keepends']);
  return textList(linesOf(text, keepends !== undefined && isTruthy(keepends), spend));
}

function join(text: string, args: Arguments, spend: Spend): Value {
  const {iterable} = given(args, ['iterable']);
  const parts = iterable && iterated(iterable, spend);
  const texts = parts && partsOf(parts)?.map(asText);
  if (!texts) throw new TypeError('it takes a list of texts');
  const length = texts.reduce((total, part) => total + part.length, text.length * texts.length);
  spendOnCharacters(length, spend);
  return toValue(texts.join(text));
}

/** `{}` in turn, `{0}` by place, `{name}`; a doubled brace is a brace. @throws {TypeError} for all else in braces. */
function format(text: string, {positional, named}: Arguments, spend: Spend): Value {
  // All places are found before the first is written.
  spendOnEach({value: text}, spend);
  let next = 0;
  const written = text.replaceAll(
    /\{\{|\}\}|\{([^{}]*)\}|[{}]/gu,
    (found, name: string | undefined) => {
      if (found === '{{' || found === '}}') return found.slice(1);
      if (name === undefined || !/^\w*$/u.test(name)) {
        throw new TypeError('format() takes {}, {0} and {name} alone');
      }
      const value = /^\d*$/u.test(name)
        ? positional[name === '' ? next : Number(name)]
        : named.get(name);
      next += 1;
      if (value === undefined)
        throw new TypeError('format() takes a value for each pair of braces');
      const part = textOf(value, spend);
      spendOnCharacters(part.length, spend);
      return part;
    },
  );
  return toValue(written);
}

/** The number that a value is or a text says, as Python reads it: whole. `null`: none. @throws {TypeError} for what is not there. */
export function numberIn({type, value}: Value): number | null {
  if (type === 'UndefinedValue') throw new TypeError('it takes for a number what is not there');
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  if (typeof value !== 'string') return null;
  const text = strip(value);
  const isNumber =
    /^[-+]?(?:\d+(?:_\d+)*\.?|(?:\d+(?:_\d+)*)?\.\d+(?:_\d+)*)(?:e[-+]?\d+)?$/iu.test(text);
  return isNumber ? Number(text.replaceAll('_', '')) : null;
}
