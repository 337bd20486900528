import {NumberAutomata, type NumberState} from './number-automata.ts';
import type {NumberRange} from './number-range.ts';

/** Rules, in EBNF, of numbers between bounds: one for each state of their automata. */
export class NumberRules {
  readonly #automata = new NumberAutomata();

  /** The rule of such a number. */
  nameOf(range: NumberRange): string {
    const first = this.#automata.first(range);
    if (first === null) throw new Error('A range without a number was read');
    return nameOf(first);
  }

  get lines(): readonly string[] {
    return this.#automata.states.map(lineOf);
  }
}

function nameOf({id}: NumberState): string {
  return `number_${id}`;
}

function lineOf(state: NumberState): string {
  const ways = state.next.map((step) => {
    const characters = classOf(step.characters);
    return step.state.next.length === 0 ? characters : `${characters} ${nameOf(step.state)}`;
  });
  return `${nameOf(state)} ::= ${[...(state.isEnd ? ['""'] : []), ...ways].join(' | ')}`;
}

function classOf(characters: string): string {
  return characters.length === 1 ? `"${characters}"` : `[${characters[0]}-${characters.at(-1)}]`;
}
