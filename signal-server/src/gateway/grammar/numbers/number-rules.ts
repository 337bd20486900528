import {NumberAutomata, type NumberState} from './number-automata.ts';
import type {NumberRange} from './number-range.ts';

/** Numbers beyond 2^53 are in no schema that is read: not all programs read them alike. */
const FIRST_MARK = 1e18;
const MARK_STEP = 1e6;
/** As a text of its own in a grammar: a quote within a text has a backslash before it. */
const MARK = /(?<=[\s(])"(1\d{18})"/gu;

/**
 * Puts numbers between bounds into the text of a grammar. The grammar library goes wrong with most bounds, so its schema
 * has a mark in their place, a number, and rules of our own take the place of the mark.
 */
export class NumberRules {
  readonly #automata = new NumberAutomata();
  readonly #marked = new Map<string, NumberState>();

  /** The only value that the library may know of. */
  mark(range: NumberRange): number {
    const first = this.#automata.first(range);
    if (first === null) throw new Error('A range without a number was read');
    const mark = FIRST_MARK + this.#marked.size * MARK_STEP;
    this.#marked.set(String(mark), first);
    return mark;
  }

  /** @param grammar in EBNF. */
  writeInto(grammar: string): string {
    const marked = grammar.replaceAll(MARK, (text, mark: string) => {
      const first = this.#marked.get(mark);
      return first === undefined ? text : nameOf(first);
    });
    return [marked.trimEnd(), ...this.#automata.states.map(ruleOf)].join('\n');
  }
}

function nameOf({id}: NumberState): string {
  return `number_${id}`;
}

function ruleOf(state: NumberState): string {
  const ways = state.next.map((step) => {
    const characters = classOf(step.characters);
    return step.state.next.length === 0 ? characters : `${characters} ${nameOf(step.state)}`;
  });
  return `${nameOf(state)} ::= ${[...(state.isEnd ? ['""'] : []), ...ways].join(' | ')}`;
}

function classOf(characters: string): string {
  return characters.length === 1 ? `"${characters}"` : `[${characters[0]}-${characters.at(-1)}]`;
}
