/** White space of Python's `str.strip()`; JavaScript's has U+FEFF as well. */
const BLANK = /\p{White_Space}/u;

type Method = (text: string, ...values: readonly unknown[]) => string;

/**
 * Methods of Python's `str` that templates call, and the library ignores the arguments of or does not
 * know: its `.strip('\n')` takes spaces, too.
 */
export const TEXT_METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['strip', (text, characters) => stripEnd(stripStart(text, characters), characters)],
  ['lstrip', stripStart],
  ['rstrip', stripEnd],
  ['format', format],
]);

/** `{}` in turn, `{0}` by place; a doubled brace is a brace. */
function format(text: string, ...values: readonly unknown[]): string {
  let next = 0;
  return text.replaceAll(/\{\{|\}\}|\{(\d*)\}/gu, (found, place: string | undefined) => {
    if (place === undefined) return found.slice(1);
    const at = place === '' ? next : Number(place);
    next += 1;
    const value = values[at];
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    throw new TypeError('format() takes a text or a number for each pair of braces');
  });
}

// Neither looks at more of a text than it takes away: a template may call them on long ones, and often.
function stripStart(text: string, characters: unknown): string {
  const isStripped = stripped(characters);
  let start = 0;
  for (const character of text) {
    if (!isStripped(character)) break;
    start += character.length;
  }
  return text.slice(start);
}

function stripEnd(text: string, characters: unknown): string {
  const isStripped = stripped(characters);
  let rest = text;
  for (;;) {
    const last = /.$/su.exec(rest.slice(-2))?.[0];
    if (last === undefined || !isStripped(last)) return rest;
    rest = rest.slice(0, -last.length);
  }
}

/** By Python's rules: any of these characters, in any order; white space where none are given. */
function stripped(characters: unknown): (unit: string) => boolean {
  if (characters === undefined || characters === null) return (unit) => BLANK.test(unit);
  const set = new Set(Array.from(asText(characters)));
  return (unit) => set.has(unit);
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TypeError('it takes a text');
}
