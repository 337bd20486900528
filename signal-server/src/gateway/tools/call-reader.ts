import type {CallForm} from '../grammar/grammar-messages.ts';
import {ObjectEnd} from './object-end.ts';

/** What a piece of an answer is: its text, the beginning of a call, or more of the arguments of the last. */
export type CallPart =
  | {readonly kind: 'text'; readonly text: string}
  | {readonly kind: 'call'; readonly name: string}
  | {readonly kind: 'arguments'; readonly text: string};

type State =
  | {readonly kind: 'text'}
  | {readonly kind: 'arguments'; readonly form: CallForm; readonly end: ObjectEnd}
  /** What closes a call is no part of anything. */
  | {readonly kind: 'closing'; readonly form: CallForm};

/** Separates calls and text of an answer that comes in pieces. White space around calls is left out. */
export class CallReader {
  readonly #forms: readonly CallForm[];
  #state: State = {kind: 'text'};
  /** What may become something else with what comes. */
  #held = '';

  constructor(forms: readonly CallForm[]) {
    this.#forms = forms;
  }

  push(piece: string): readonly CallPart[] {
    this.#held += piece;
    const parts: CallPart[] = [];
    let isMore = true;
    while (isMore) isMore = this.#step(parts);
    return parts;
  }

  /** What is left when the answer is over. */
  end(): readonly CallPart[] {
    const text = this.#held;
    this.#held = '';
    return this.#state.kind === 'text' && text.trim() !== '' ? [{kind: 'text', text}] : [];
  }

  /** @returns whether there may be more to do. */
  #step(parts: CallPart[]): boolean {
    switch (this.#state.kind) {
      case 'text':
        return this.#readText(parts);
      case 'arguments':
        return this.#readArguments(parts, this.#state);
      default:
        return this.#readClosing(this.#state.form);
    }
  }

  #readText(parts: CallPart[]): boolean {
    const found = this.#forms
      .map((form) => ({form, at: this.#held.indexOf(form.begin)}))
      .filter(({at}) => at !== -1)
      .toSorted((one, other) => one.at - other.at)[0];
    if (found === undefined) {
      const keptLength = Math.max(
        0,
        ...this.#forms.map(({begin}) => begunLength(this.#held, begin)),
      );
      const shown = this.#held.slice(0, this.#held.length - keptLength).trimEnd();
      if (shown !== '') parts.push({kind: 'text', text: shown});
      this.#held = this.#held.slice(shown.length);
      return false;
    }
    const {form, at} = found;
    const before = this.#held.slice(0, at).trimEnd();
    if (before !== '') parts.push({kind: 'text', text: before});
    parts.push({kind: 'call', name: form.name});
    this.#held = this.#held.slice(at + form.begin.length);
    this.#state = {kind: 'arguments', form, end: new ObjectEnd()};
    return true;
  }

  #readArguments(
    parts: CallPart[],
    {form, end}: Extract<State, {readonly kind: 'arguments'}>,
  ): boolean {
    const length = end.push(this.#held);
    const text = this.#held.slice(0, length ?? this.#held.length);
    if (text !== '') parts.push({kind: 'arguments', text});
    this.#held = this.#held.slice(text.length);
    if (length === null) return false;
    this.#state = {kind: 'closing', form};
    return true;
  }

  #readClosing({end}: CallForm): boolean {
    if (this.#held.length < end.length && end.startsWith(this.#held)) return false;
    if (this.#held.startsWith(end)) this.#held = this.#held.slice(end.length);
    this.#state = {kind: 'text'};
    return true;
  }
}

/** How much of the end of a text may be the beginning of `begin`. */
function begunLength(text: string, begin: string): number {
  for (let length = Math.min(begin.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(begin.slice(0, length))) return length;
  }
  return 0;
}
