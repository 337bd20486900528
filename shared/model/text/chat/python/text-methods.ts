/** White space of Python's `str.strip()`; JavaScript's has U+FEFF as well. */
const BLANK = /\p{White_Space}/u;

type Method = (text: string, ...values: readonly unknown[]) => unknown;

/**
 * Methods of Python's `str` that templates call, and the library ignores the arguments of or does not
 * know: its `.strip('\n')` takes spaces, too.
 */
export const TEXT_METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['strip', strip],
  ['lstrip', stripStart],
  ['rstrip', stripEnd],
  ['format', format],
  ['capitalize', capitalise],
  ['join', (text, parts) => textsOf(parts).join(text)],
  ['count', (text, part) => text.split(asText(part)).length - 1],
  [
    'removeprefix',
    (text, start) => text.slice(text.startsWith(asText(start)) ? asText(start).length : 0),
  ],
  [
    'removesuffix',
    (text, end) =>
      text.endsWith(asText(end)) ? text.slice(0, text.length - asText(end).length) : text,
  ],
  ['splitlines', splitLines],
  ['find', find],
  ['isdigit', (text) => /^\p{Nd}+$/u.test(text)],
]);

/** The first letter large, and the others small. */
export function capitalise(text: string): string {
  const [first = ''] = text;
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
}

/** By Python's rules: any of these characters, in any order; white space where none are given. */
export function strip(text: string, characters?: unknown): string {
  return stripEnd(stripStart(text, characters), characters);
}

/** `{}` in turn, `{0}` by place; a doubled brace is a brace. @throws {TypeError} for all else in braces. */
function format(text: string, ...values: readonly unknown[]): string {
  let next = 0;
  return text.replaceAll(/\{\{|\}\}|\{([^{}]*)\}|[{}]/gu, (found, place: string | undefined) => {
    if (found === '{{' || found === '}}') return found.slice(1);
    if (place === undefined || !/^\d*$/u.test(place)) {
      throw new TypeError('format() takes {} and {0} alone');
    }
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

function stripped(characters: unknown): (unit: string) => boolean {
  if (characters === undefined || characters === null) return (unit) => BLANK.test(unit);
  const set = new Set(Array.from(asText(characters)));
  return (unit) => set.has(unit);
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TypeError('it takes a text');
}

function textsOf(values: unknown): readonly string[] {
  if (!Array.isArray(values)) throw new TypeError('it takes a list of texts');
  return values.map((part: unknown) =>
    asText(typeof part === 'object' && part !== null && 'value' in part ? part.value : part),
  );
}

/** An end of a line at the end begins no other. */
function splitLines(text: string): readonly string[] {
  const lines = text.split(/\r\n|\r|\n/u);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/** Counts characters; -1 where it is not. */
function find(text: string, part: unknown): number {
  const at = text.indexOf(asText(part));
  return at === -1 ? -1 : Array.from(text.slice(0, at)).length;
}
