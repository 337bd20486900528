import {NumberRules} from '../numbers/number-rules.ts';
import {TextRules} from '../texts/text-rules.ts';
import type {OwnSchema} from './own-schema.ts';

/** Numbers beyond 2^53 are in no schema that is read: not all programs read them alike. */
const FIRST_MARK = 1e18;
const MARK_STEP = 1e6;
/** As a text of its own in a grammar: a quote within a text has a backslash before it. */
const MARK = /(?<=[\s(])"(1\d{18})"/gu;

/** Names that JSON writes with a backslash: the library writes them without. */
const ESCAPED_IN_JSON = /["\\\p{Cc}]/u;

/**
 * What the grammar library goes wrong with, or takes too long for: its schema has a mark in the place, a number or a
 * name, and rules of our own take the place of the mark.
 */
export class OwnRules {
  readonly #numbers = new NumberRules();
  readonly #texts = new TextRules();
  /** Rules by their marks. */
  readonly #marked = new Map<string, string>();
  /** Names by their marks. */
  readonly #names = new Map<string, string>();
  readonly #nameMark: string;

  /** @param schema as JSON: a mark of a name is nowhere in it. */
  constructor(schema: string) {
    let mark = 'name_';
    while (schema.includes(mark)) mark += '_';
    this.#nameMark = mark;
  }

  /** The only value that the library may know of. */
  mark(schema: OwnSchema): number {
    const mark = FIRST_MARK + this.#marked.size * MARK_STEP;
    const rule =
      'range' in schema ? this.#numbers.nameOf(schema.range) : this.#texts.nameOf(schema.length);
    this.#marked.set(String(mark), rule);
    return mark;
  }

  /** The name under which the library may know of a property. */
  markName(name: string): string {
    if (!ESCAPED_IN_JSON.test(name)) return name;
    const known = this.#names.get(name) ?? `${this.#nameMark}${this.#names.size}_`;
    this.#names.set(name, known);
    return known;
  }

  /** @param grammar in EBNF. */
  writeInto(grammar: string): string {
    const marked = grammar.replaceAll(MARK, (text, mark: string) => this.#marked.get(mark) ?? text);
    const named = [...this.#names].reduce(
      (text, [name, mark]) => text.replaceAll(mark, () => inQuotes(name)),
      marked.trimEnd(),
    );
    return [named, ...this.#numbers.lines, ...this.#texts.lines].join('\n');
  }
}

/** As JSON has it, between the quotes of a text in EBNF. */
function inQuotes(name: string): string {
  return JSON.stringify(name)
    .slice(1, -1)
    .replaceAll(/["\\]/gu, String.raw`\$&`);
}
