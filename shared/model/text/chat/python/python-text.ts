import type {Value} from './python-values.ts';
import {spendOn, spendOnCharacters, type Spend} from './spending.ts';

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
function writtenOut(part: Value, spend: Spend): string {
  spendOn(part, spend);
  const {type, value} = part;
  if (typeof value === 'string') return quoted(value);
  if (type === 'NullValue') return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) {
    const parts: readonly Value[] = value;
    const text = parts.map((each) => writtenOut(each, spend)).join(', ');
    // None of one part: the library cannot read `(1,)`.
    return type === 'TupleValue' ? `(${text})` : `[${text}]`;
  }
  if (value instanceof Map) {
    const text = entriesWrittenOut(value, spend);
    return type === 'NamespaceValue' ? `<Namespace ${text}>` : text;
  }
  return part.toString();
}

function entriesWrittenOut(entries: ReadonlyMap<string, Value>, spend: Spend): string {
  const texts = Array.from(entries, ([key, entry]) => {
    spendOnCharacters(key.length, spend);
    return `${quoted(key)}: ${writtenOut(entry, spend)}`;
  });
  return `{${texts.join(', ')}}`;
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
