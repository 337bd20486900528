import {NumberRules} from '../numbers/number-rules.ts';
import {TextRules} from '../texts/text-rules.ts';
import type {OwnSchema} from './own-schema.ts';

/** Numbers beyond 2^53 are in no schema that is read: not all programs read them alike. */
const FIRST_MARK = 1e18;
const MARK_STEP = 1e6;
/** As a text of its own in a grammar: a quote within a text has a backslash before it. */
const MARK = /(?<=[\s(])"(1\d{18})"/gu;

/**
 * What the grammar library goes wrong with, or takes too long for: its schema has a mark in the place, a number, and
 * rules of our own take the place of the mark.
 */
export class OwnRules {
  readonly #numbers = new NumberRules();
  readonly #texts = new TextRules();
  /** Rules by their marks. */
  readonly #marked = new Map<string, string>();

  /** The only value that the library may know of. */
  mark(schema: OwnSchema): number {
    const mark = FIRST_MARK + this.#marked.size * MARK_STEP;
    const rule =
      'range' in schema ? this.#numbers.nameOf(schema.range) : this.#texts.nameOf(schema.length);
    this.#marked.set(String(mark), rule);
    return mark;
  }

  /** @param grammar in EBNF. */
  writeInto(grammar: string): string {
    const marked = grammar.replaceAll(MARK, (text, mark: string) => this.#marked.get(mark) ?? text);
    return [marked.trimEnd(), ...this.#numbers.lines, ...this.#texts.lines].join('\n');
  }
}
