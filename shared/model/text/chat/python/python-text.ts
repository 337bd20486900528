import {pairsOf, partsOf, refuseNoList, type Value} from './python-values.ts';
import {spendOn, spendOnEach, type Spend} from './spending.ts';

/** Of ten: a number within is written without it. */
const LEAST_EXPONENT = -4;
const MOST_EXPONENT = 16;

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': String.raw`\\`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
};

/** A value as Python's `str()` writes it: a list is no JSON. What is not there is nothing. */
export function textOf(value: Value, spend: Spend): string {
  if (value.type === 'UndefinedValue') return '';
  return typeof value.value === 'string' ? value.value : writtenOut(value, spend);
}

/** As Python's `repr()`, which is how it writes what lies in lists and dictionaries. */
export function writtenOut(part: Value, spend: Spend): string {
  spendOn(part, spend);
  const {value} = part;
  if (typeof value === 'string') {
    spendOnEach(part, spend);
    return quoted(value);
  }
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return numberText(part.type, value);
  switch (part.type) {
    case 'NullValue':
      return 'None';
    case 'UndefinedValue':
      return 'Undefined';
    case 'ArrayValue':
      return `[${partsWrittenOut(part, spend).join(', ')}]`;
    case 'TupleValue':
      return tupleWrittenOut(partsWrittenOut(part, spend));
    case 'ObjectValue':
      return entriesWrittenOut(part, spend);
    case 'NamespaceValue':
      return `<Namespace ${entriesWrittenOut(part, spend)}>`;
    default:
      refuseNoList(part, 'it writes');
      throw new TypeError('it writes a function');
  }
}

function numberText(type: string, value: number): string {
  return type === 'FloatValue' ? floatText(value) : String(value);
}

function tupleWrittenOut(parts: readonly string[]): string {
  return parts.length === 1 ? `(${parts.join('')},)` : `(${parts.join(', ')})`;
}

function partsWrittenOut(list: Value, spend: Spend): readonly string[] {
  return (partsOf(list) ?? []).map((part) => writtenOut(part, spend));
}

function entriesWrittenOut(dictionary: Value, spend: Spend): string {
  const texts = pairsOf(dictionary).map(
    ([key, value]) => `${writtenOut(key, spend)}: ${writtenOut(value, spend)}`,
  );
  return `{${texts.join(', ')}}`;
}

/** The fewest digits that are this number and no other, as `repr()` has them: `1e+16`, `1e-05`. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf';
  if (Object.is(value, -0)) return '-0.0';
  const [mantissa = '', exponentText] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent >= LEAST_EXPONENT && exponent < MOST_EXPONENT) {
    const digits = mantissa.replaceAll(/[-.]/gu, '').length - 1;
    return value.toFixed(Math.max(1, digits - exponent));
  }
  const sign = exponent < 0 ? '-' : '+';
  return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll(/\\|(?! )[\p{C}\p{Z}]/gu, (character) => {
    return ESCAPES[character] ?? codeOf(character);
  });
  return quote + (quote === "'" ? escaped.replaceAll("'", String.raw`\'`) : escaped) + quote;
}

function codeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xff_ff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** Some characters are two units of UTF-16. */
export function characterCount(text: string): number {
  let pairs = 0;
  for (let at = 0; at < text.length; at += 1) {
    if ((text.codePointAt(at) ?? 0) > 0xff_ff) pairs += 1;
  }
  return text.length - pairs;
}
