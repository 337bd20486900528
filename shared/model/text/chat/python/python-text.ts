import type {Value} from './python-values.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': String.raw`\\`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
};

/** A value as Python's `str()` writes it: a list is no JSON. What is not there is nothing. */
export function textOf(value: Value): string {
  if (value.type === 'UndefinedValue') return '';
  return typeof value.value === 'string' ? value.value : writtenOut(value);
}

/** As Python's `repr()`, which is how it writes what lies in lists and dictionaries. */
function writtenOut(part: Value): string {
  const {type, value} = part;
  if (typeof value === 'string') return quoted(value);
  if (type === 'NullValue') return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (type === 'ArrayValue' && Array.isArray(value)) {
    const parts: readonly Value[] = value;
    return `[${parts.map(writtenOut).join(', ')}]`;
  }
  if (type === 'ObjectValue' && value instanceof Map) {
    const entries: readonly (readonly [string, Value])[] = [...value];
    return `{${entries.map(([key, entry]) => `${quoted(key)}: ${writtenOut(entry)}`).join(', ')}}`;
  }
  return part.toString();
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
