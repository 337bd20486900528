import {characterCount, floatText, textOf, writtenOut} from './python-text.ts';
import {entriesOf, partsOf, type Value} from './python-values.ts';
import {spendOnCharacters, spendOnEach, type Spend} from './spending.ts';

const DIRECTIVE =
  /%(?:\((?<key>[^()]*)\))?(?<flags>[-+ 0]*)(?<width>\d*)(?:\.(?<precision>\d*))?(?<kind>[\s\S]?)/gu;
/** Of a number: as many digits as JavaScript writes exactly. */
const MOST_DIGITS = 99;
const DIGITS_OF_F = 6;

/**
 * `'%s: %d' % ('a', 1)`.
 *
 * @param given a tuple for several, a dictionary for names, anything else for one.
 * @throws {TypeError} for other directives than `%s %r %d %i %f %%`, and for values that do not fit them.
 */
export function percentFormat(text: string, given: Value, spend: Spend): string {
  const values = given.type === 'TupleValue' ? (partsOf(given) ?? []) : [given];
  const entries = given.type === 'ObjectValue' ? entriesOf(given) : null;
  // All places are found before the first is written.
  spendOnEach({value: text}, spend);
  let next = 0;
  const written = text.replaceAll(DIRECTIVE, (...match: readonly unknown[]) => {
    spend(1);
    const {key, flags = '', width = '', precision, kind = ''} = groupsOf(match);
    if (kind === '%') return '%';
    let value: Value | undefined;
    if (key === undefined) {
      value = values[next];
      next += 1;
    } else {
      value = entries?.get(key);
    }
    if (value === undefined) throw new TypeError('"%" takes a value for each of its places');
    const digits = precision === undefined ? null : Number(precision);
    const part = directed(value, {kind, flags, digits}, spend);
    spendOnCharacters(part.length + Number(width), spend);
    return padded(part, Number(width), flags, kind);
  });
  if (entries === null && next < values.length) {
    throw new TypeError('"%" has more values than places');
  }
  return written;
}

type Groups = Readonly<Partial<Record<string, string>>>;

function groupsOf(match: readonly unknown[]): Groups {
  // The last that `replaceAll` hands over.
  const last: unknown = match.at(-1);
  return typeof last === 'object' && last !== null ? {...last} : {};
}

type Directive = {
  readonly kind: string;
  readonly flags: string;
  /** Behind the point; of a text, as many characters. */
  readonly digits: number | null;
};

function directed(value: Value, directive: Directive, spend: Spend): string {
  const {kind, flags, digits} = directive;
  switch (kind) {
    case 's':
      return shortened(textOf(value, spend), digits);
    case 'r':
      return shortened(writtenOut(value, spend), digits);
    case 'd':
    case 'i':
      if (digits !== null) break;
      return signed(String(Math.trunc(numberOf(value, kind)) + 0), flags);
    case 'f':
      return signed(fixed(numberOf(value, kind), digits ?? DIGITS_OF_F), flags);
    default:
  }
  throw new TypeError(`"%${kind}" is not known`);
}

function shortened(text: string, characters: number | null): string {
  return characters === null ? text : Array.from(text).slice(0, characters).join('');
}

function numberOf({value}: Value, kind: string): number {
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  throw new TypeError(`"%${kind}" takes a number`);
}

function signed(number: string, flags: string): string {
  if (number.startsWith('-')) return number;
  if (flags.includes('+')) return `+${number}`;
  return flags.includes(' ') ? ` ${number}` : number;
}

function padded(text: string, width: number, flags: string, kind: string): string {
  const missing = Math.max(0, width - characterCount(text));
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || kind === 's' || kind === 'r') return ' '.repeat(missing) + text;
  const sign = /^[-+ ]?/u.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}

/** So many digits behind the point; of two that are as near, the even one, where JavaScript takes the larger. */
export function fixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return floatText(value);
  if (digits > MOST_DIGITS || Math.abs(value) >= 1e21) {
    throw new RangeError('it writes a number with too many digits');
  }
  const text = value.toFixed(digits);
  const exact = value.toFixed(digits + 1);
  const isBetween = exact.endsWith('5') && Number(exact) === value && isExact(value, exact);
  if (!isBetween) return text;
  const cut = digits === 0 ? exact.slice(0, -2) : exact.slice(0, -1);
  return /[02468]$/u.test(cut) ? cut : text;
}

/** Whether a number has no more digits than these. */
function isExact(value: number, text: string): boolean {
  return value.toFixed(100).startsWith(text) && /^0*$/u.test(value.toFixed(100).slice(text.length));
}
